"""What the scripts use of Fusion's objects. Blackmagic's typing stubs leave these empty; nothing here runs."""

from typing import Any, Dict, Optional, Protocol


class Tool(Protocol):
    """A tool in a composition."""

    Name: str

    def SetInput(self, name: str, value: Any) -> None:
        """Set a control."""

    def ConnectInput(self, name: str, tool: "Tool") -> bool:
        """Connect an input to another tool's output."""

    def SetAttrs(self, attributes: Dict[str, Any]) -> None:
        """Set attributes such as `TOOLS_Name`."""

    def Delete(self) -> None:
        """Remove the tool."""


class Composition(Protocol):
    """A clip's Fusion composition."""

    ActiveTool: Optional[Tool]

    def GetAttrs(self) -> Dict[str, Any]:
        """Attributes such as `COMPN_RenderStart`."""

    def FindTool(self, name: str) -> Optional[Tool]:
        """The tool of a name."""

    def AddTool(self, tool: str, x: int, y: int) -> Optional[Tool]:
        """Add a tool; (-32768, -32768) lets Fusion find a place."""

    def Render(self, settings: Dict[str, Any]) -> bool:
        """Render frames."""

    def AskUser(self, title: str, fields: Dict[int, Dict[Any, Any]]) -> Optional[Dict[str, Any]]:
        """Show a dialog."""

    def Lock(self) -> None:
        """Hold back updates."""

    def Unlock(self) -> None:
        """Let updates happen again."""

    def StartUndo(self, name: str) -> None:
        """Begin one step of undo."""

    def EndUndo(self, keep: bool) -> None:
        """End it."""


class FusionPage(Protocol):
    """Fusion, as Resolve gives it."""

    def GetCurrentComp(self) -> Optional[Composition]:
        """The composition that is open; None away from the Fusion page."""
