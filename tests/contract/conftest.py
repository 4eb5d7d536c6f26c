from tests.fixtures.models import embedded_gguf
from tests.fixtures.postgres import postgres_server

__all__ = ["embedded_gguf", "postgres_server"]
