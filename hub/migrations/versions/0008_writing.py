"""writing: working copies, texts that were opened, notes on passages"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from hub.db import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "working_copy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=True),
        sa.Column("base_number", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_working_copy_asset_id_asset")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_working_copy_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_working_copy")),
        sa.UniqueConstraint("person_id", "key", name=op.f("uq_working_copy_person_id_key")),
    )
    with op.batch_alter_table("working_copy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_working_copy_asset_id"), ["asset_id"], unique=False)

    op.create_table(
        "opened_version",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_opened_version_person_id_person")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_opened_version_version_id_version")),
        sa.PrimaryKeyConstraint("version_id", "person_id", name=op.f("pk_opened_version")),
    )
    with op.batch_alter_table("opened_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_opened_version_person_id"), ["person_id"], unique=False)

    op.create_table(
        "passage_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("quote", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_passage_note_person_id_person")),
        sa.ForeignKeyConstraint(["settled_by"], ["person.id"], name=op.f("fk_passage_note_settled_by_person")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_passage_note_version_id_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passage_note")),
    )
    with op.batch_alter_table("passage_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passage_note_version_id"), ["version_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_passage_note_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_passage_note_settled_by"), ["settled_by"], unique=False)


def downgrade() -> None:
    op.drop_table("passage_note")
    op.drop_table("opened_version")
    op.drop_table("working_copy")
