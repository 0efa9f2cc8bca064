"""Keys for named components, and for calls from named addresses"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_COLUMNS = {
    "api_key": ("components", "networks"),
    "key_request": ("components", "networks", "granted_components", "granted_networks"),
}


def upgrade() -> None:
    """Keys and requests of before are for any component of their pages, and for calls from anywhere."""
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.add_column(table, sa.Column(column, sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    """Forget it."""
    for table, columns in _COLUMNS.items():
        for column in reversed(columns):
            op.drop_column(table, column)
