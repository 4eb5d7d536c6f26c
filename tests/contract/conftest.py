from tests.fixtures.models import embedded_gguf

__all__ = ["embedded_gguf"]
