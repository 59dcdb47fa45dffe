"""A simulated E2B account: sandboxes that are made, used and ended."""

from revtops_tui.simulators.code_sandbox.simulator import CodeSandboxSimulator as CodeSandboxSimulator
