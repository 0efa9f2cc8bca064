"""Column types that every table shares."""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, ForeignKey, Integer, MetaData, String, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeDecorator


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC, on databases that keep zones and on those that don't."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse an instant without a zone; convert others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give every instant back aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables. Constraint names are derived, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as declared
        datetime: UTCDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
    }


R = TypeVar("R", bound=Base)


def with_defaults(row: R) -> R:
    """A row that is in no table yet, with what the table would give it."""
    for column in inspect(type(row)).column_attrs:
        default = column.columns[0].default
        if getattr(row, column.key) is None and isinstance(default, ScalarElementColumnDefault):
            setattr(row, column.key, default.arg)
    return row


Id = Annotated[str, mapped_column(String(12), primary_key=True)]
"""A Statuspage-like identifier."""
SlackId = Annotated[str, mapped_column(String(32))]
"""An identifier of Slack's (`U…`, `W…`, `S…`, `C…`, `D…`, `T…`)."""
Name = Annotated[str, mapped_column(String(255))]
"""A name that a person gave."""

# SQLite counts rows only in a column that is declared INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")
"""The type of numbers that a table counts itself."""


class InOrganization:
    """A row of one organization, and out of reach of the others' sessions (`storage.organizations`)."""

    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))


class NamedInOrganization(InOrganization):
    """A row whose name means something only within its organization, as Slack's ids and dates do."""

    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), primary_key=True)
