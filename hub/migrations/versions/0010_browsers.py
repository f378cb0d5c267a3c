"""browsers connected to the hub"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from hub.db import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connected_browser",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("browser", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("challenge", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("code_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("approved_at", UtcDateTime(), nullable=False),
        sa.Column("claim_until", UtcDateTime(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_connected_browser_person_id_person")),
        sa.ForeignKeyConstraint(["token_id"], ["token.id"], name=op.f("fk_connected_browser_token_id_token")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connected_browser")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_connected_browser_code_digest")),
    )
    with op.batch_alter_table("connected_browser", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_connected_browser_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_connected_browser_claim_until"), ["claim_until"], unique=False)
        batch_op.create_index(batch_op.f("ix_connected_browser_token_id"), ["token_id"], unique=False)


def downgrade() -> None:
    op.drop_table("connected_browser")
