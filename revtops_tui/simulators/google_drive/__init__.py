"""Google Drive as it answers: files, shared drives, the feed of changes, uploads, exports and push channels."""

from revtops_tui.simulators.google_drive.simulator import GoogleDriveSimulator

__all__ = ["GoogleDriveSimulator"]
