"""Every screen has a picture of every state it can be in, at both sizes and in all looks; `SCREENS` says which.

A screen is a workspace, a panel or a dialog; a new one fails this until its states are declared here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tui.pictures import LOOKS
from tests.tui.screens import dialogs, panels, tabs

KEPT = Path(__file__).parent / "__snapshots__"
STATES = ("empty", "loading", "error", "full")


@dataclass(frozen=True)
class Never:
    """Why a screen is never in a state."""

    reason: str


NOTHING_READ = Never("it reads nothing: what it shows is there when it is opened")
NOTHING_FAILS = Never("nothing that it does can fail")
NEVER_EMPTY = Never("what it shows is declared in the code, or is what it was opened with")
SAID_BENEATH = Never("it is dismissed with what was chosen; who opened it says what came of that")
A_TOAST = Never("what cannot be saved is told as a toast, with the path of this machine's file; the list is as it was")
_ACTING, _DATA, _EVERYWHERE = (f"test_tui_{name}_snapshots/" for name in ("acting", "data", "everywhere"))
_PANELS, _QUERY, _TRAFFIC = (f"test_tui_{name}_snapshots/" for name in ("panels", "query", "traffic"))
_FIRST, _STATES, _SEARCH = "test_tui_snapshots/", "test_tui_states/", "test_tui_search/"
_EXPORT, _PICTURES = "test_tui_export/", "test_tui_pictures/"
_SIGNING, _NANGO = "test_tui_sign_in/", "test_tui_nango/"


def _state(name: str) -> str:
    return f"{_STATES}test_state[{name}-{{size}}]"


def _damaged(name: str) -> str:
    return f"{_STATES}test_damaged[{name} error-{{size}}]"


def _held(name: str) -> str:
    return f"{_STATES}test_held[{name} loading-{{size}}]"


def _awaited(name: str) -> str:
    return f"{_STATES}test_the_vendor_is_waited_for[{name} loading-{{size}}]"


def _four(*states: str | Never) -> Mapping[str, str | Never]:
    return dict(zip(STATES, states, strict=True))


SCREENS: dict[str, Mapping[str, str | Never]] = {
    "connectors": _four(
        _FIRST + "test_first_start",
        _STATES + "test_opening_is_waited_for",
        _damaged("connectors"),
        _PANELS + "test_home",
    ),
    "data": _four(_FIRST + "test_an_empty_table", _held("data"), _damaged("data"), _FIRST + "test_rows"),
    "query": _four(
        _QUERY + "test_before_anything_is_asked", _held("query"), _QUERY + "test_a_mistake", _QUERY + "test_rows"
    ),
    "inbox": _four(
        _ACTING + "test_an_empty_inbox", _held("inbox"), _damaged("inbox"), _ACTING + "test_requests_that_wait"
    ),
    "traffic": _four(
        _TRAFFIC + "test_traffic_empty",
        _held("traffic"),
        _TRAFFIC + "test_traffic_error",
        _TRAFFIC + "test_traffic_full",
    ),
    "runs": _four(_PANELS + "test_nothing_ran", _held("runs"), _damaged("runs"), _PANELS + "test_runs"),
    "home": _four(
        _FIRST + "test_first_start",
        _STATES + "test_opening_is_waited_for",
        _damaged("connectors"),
        _PANELS + "test_home",
    ),
    "overview": _four(
        _state("overview empty"),
        _FIRST + "test_a_sync_under_way",
        _state("overview error"),
        _FIRST + "test_a_connection",
    ),
    "sync": _four(
        _state("sync empty"),
        _held("sync"),
        _state("sync error"),
        _PANELS + "test_the_syncs_of_a_connection",
    ),
    "act": _four(
        _state("act empty"),
        NOTHING_READ,
        NOTHING_FAILS,
        _ACTING + "test_what_can_be_done",
    ),
    "events": _four(_state("events empty"), _held("events"), _state("events error"), _state("events full")),
    "rejected": _four(
        _state("rejected empty"),
        _held("rejected"),
        _state("rejected error"),
        _PANELS + "test_what_was_rejected_of_a_connection",
    ),
    "query panel": _four(
        _PANELS + "test_a_side_that_a_connection_has_not",
        _awaited("query panel"),
        _state("query panel error"),
        _PANELS + "test_what_can_be_asked",
    ),
    "traffic panel": _four(
        _state("traffic panel empty"),
        _held("traffic panel"),
        _state("traffic panel error"),
        _state("traffic panel full"),
    ),
    "Ask": _four(NEVER_EMPTY, NOTHING_READ, NOTHING_FAILS, _FIRST + "test_the_question_before_disconnecting"),
    "BroughtRows": _four(
        _state("BroughtRows empty"),
        _held("BroughtRows"),
        _state("BroughtRows error"),
        _state("BroughtRows full"),
    ),
    "ChartDialog": _four(
        _PICTURES + "test_chart_of_nothing", NOTHING_READ, NOTHING_FAILS, _PICTURES + "test_chart[bars-{size}]"
    ),
    "ChoiceDialog": _four(NEVER_EMPTY, NOTHING_READ, SAID_BENEATH, _state("ChoiceDialog full")),
    "ColumnsDialog": _four(NEVER_EMPTY, NOTHING_READ, NOTHING_FAILS, _DATA + "test_choosing_columns"),
    "ConnectDialog": _four(
        _FIRST + "test_the_form",
        _STATES + "test_connecting_is_waited_for",
        _state("ConnectDialog error"),
        _FIRST + "test_the_form",
    ),
    "CopyDialog": _four(NEVER_EMPTY, NOTHING_READ, SAID_BENEATH, _DATA + "test_what_can_be_copied"),
    "ExportDialog": _four(NEVER_EMPTY, NOTHING_READ, _EXPORT + "test_export_to_nowhere", _EXPORT + "test_export"),
    "FillInDialog": _four(
        NEVER_EMPTY,
        NOTHING_READ,
        _PANELS + "test_a_form_of_every_kind",
        _ACTING + "test_filling_in_a_write",
    ),
    "FilterWordsDialog": _four(NEVER_EMPTY, NOTHING_READ, NOTHING_FAILS, _state("FilterWordsDialog full")),
    "HelpDialog": _four(NEVER_EMPTY, NOTHING_READ, NOTHING_FAILS, _FIRST + "test_help"),
    "JumpOverlay": _four(NEVER_EMPTY, NOTHING_READ, NOTHING_FAILS, _EVERYWHERE + "test_letters_to_jump_by"),
    "KeysDialog": _four(NEVER_EMPTY, NOTHING_READ, A_TOAST, _state("KeysDialog full")),
    "NangoDialog": _four(
        NEVER_EMPTY,
        _NANGO + "test_a_link_is_waited_for",
        _NANGO + "test_a_key_that_nango_refuses",
        _NANGO + "test_somebody_is_waited_for",
    ),
    "NoteDialog": _four(NEVER_EMPTY, NOTHING_READ, SAID_BENEATH, _ACTING + "test_a_note_for_a_rejection"),
    "NoticesDialog": _four(_state("NoticesDialog empty"), NOTHING_READ, NOTHING_FAILS, _EVERYWHERE + "test_messages"),
    "OrganizationsDialog": _four(
        Never("there is always one"),
        _held("OrganizationsDialog"),
        _state("OrganizationsDialog error"),
        _PANELS + "test_the_organizations",
    ),
    "PayloadDialog": _four(NEVER_EMPTY, NOTHING_READ, NOTHING_FAILS, _PANELS + "test_a_payload"),
    "PicturesDialog": _four(
        _PICTURES + "test_no_picture_yet",
        _held("PicturesDialog"),
        _state("PicturesDialog error"),
        _PICTURES + "test_picture[syncs-{size}]",
    ),
    "PressDialog": _four(
        NEVER_EMPTY,
        NOTHING_READ,
        _EVERYWHERE + "test_the_key_that_is_asked_for",
        _EVERYWHERE + "test_the_key_that_is_asked_for",
    ),
    "QueriesDialog": _four(
        _QUERY + "test_no_history_yet",
        _held("QueriesDialog"),
        _state("QueriesDialog error"),
        _QUERY + "test_saved_queries_and_the_history",
    ),
    "RecordDialog": _four(
        _DATA + "test_a_record_that_is_gone",
        _held("RecordDialog"),
        _DATA + "test_a_record_that_is_gone",
        _DATA + "test_a_record_and_what_belongs_to_it",
    ),
    "ScheduleDialog": _four(
        _state("ScheduleDialog empty"),
        _held("ScheduleDialog"),
        _state("ScheduleDialog error"),
        _PANELS + "test_a_schedule",
    ),
    "SearchDialog": _four(
        _SEARCH + "test_nothing_was_synced",
        _held("SearchDialog"),
        _SEARCH + "test_not_found",
        _SEARCH + "test_found",
    ),
    "SendDialog": _four(
        NEVER_EMPTY,
        _awaited("SendDialog"),
        _ACTING + "test_an_outcome",
        _ACTING + "test_the_question_before_an_action",
    ),
    "SettingsDialog": _four(NEVER_EMPTY, NOTHING_READ, A_TOAST, _EVERYWHERE + "test_the_settings"),
    "SignInDialog": _four(
        _SIGNING + "test_the_app_is_asked_for",
        _SIGNING + "test_the_vendor_is_waited_for",
        _SIGNING + "test_a_secret_that_is_missing",
        _SIGNING + "test_the_app_is_asked_for",
    ),
    "SyncDialog": _four(NEVER_EMPTY, NOTHING_READ, _PANELS + "test_a_sync_of_some", _PANELS + "test_a_sync_of_some"),
    "TargetDialog": _four(NEVER_EMPTY, NOTHING_READ, NOTHING_FAILS, _QUERY + "test_what_can_be_asked"),
    "TasksDialog": _four(
        _state("TasksDialog empty"),
        NOTHING_READ,
        _EVERYWHERE + "test_tasks_that_have_ended",
        _STATES + "test_a_task_that_runs",
    ),
    "TrafficFilter": _four(NEVER_EMPTY, NOTHING_READ, SAID_BENEATH, _TRAFFIC + "test_traffic_filter"),
    "ValueDialog": _four(NEVER_EMPTY, NOTHING_READ, _EVERYWHERE + "test_another_value", _state("ValueDialog full")),
}


def test_every_screen_is_declared() -> None:
    assert set(SCREENS) == {*tabs(), *panels(), *dialogs()}


@pytest.mark.parametrize("screen", SCREENS)
def test_every_state_has_its_pictures(screen: str) -> None:
    assert tuple(SCREENS[screen]) == STATES
    missing = [
        file.name
        for state in SCREENS[screen].values()
        if isinstance(state, str)
        for size in ("80x24", "120x40")
        for look in LOOKS
        if not (
            file := KEPT / f"{state if '{size}' in state else state + '[{size}]'}[{look}].svg".format(size=size)
        ).is_file()
    ]
    assert missing == []
