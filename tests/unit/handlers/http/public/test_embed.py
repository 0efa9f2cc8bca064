"""The script of the banner for other sites."""

from datetime import UTC, datetime

from desk.status_page.pages import PageFacts
from handlers.http.public.assets import render_embed

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def script(**configuration: str) -> str:
    """That of a page with this configuration."""
    settings = {f"status_embed_{name}": value for name, value in configuration.items()}
    return render_embed(PageFacts("p", "Acme", None, None, None, None, "UTC", settings, NOW)).decode()


def test_the_banner_takes_its_looks_from_the_page() -> None:
    """Corner and colours that are set stand in its script; what is neither, as a file may have it, does not."""
    chosen = script(position="top-left", incident_background_color="a00", incident_text_color="</script>")
    assert 'const own = {"position": "top-left", "incident_background_color": "#aa0000"};' in chosen
    assert "const own = {};" in script(position="middle")
