"""The tables of the store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "head",
        sa.Column("one", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("elapsed", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("one = 1", name=op.f("one_head")),
        sa.PrimaryKeyConstraint("one", name=op.f("head_key")),
    )
    op.create_table(
        "journal",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=250), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("elapsed", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("journal_key")),
        sa.UniqueConstraint("key", name=op.f("one_journal_per_key")),
    )
    op.create_table(
        "raters",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("raters_key")),
        sa.UniqueConstraint("name", name=op.f("one_raters_per_name")),
    )
    op.create_table(
        "studies",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=False),
        sa.Column("meta", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("studies_key")),
        sa.UniqueConstraint("name", name=op.f("one_studies_per_name")),
    )
    op.create_table(
        "texts",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("texts_key")),
    )
    op.create_table(
        "conditions",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("study", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["study"], ["studies.id"], name=op.f("conditions_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("conditions_key")),
        sa.UniqueConstraint("study", "name", name=op.f("one_conditions_per_study_name")),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rater", sa.BigInteger(), nullable=False),
        sa.Column("study", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["rater"], ["raters.id"], name=op.f("consents_rater")),
        sa.ForeignKeyConstraint(["study"], ["studies.id"], name=op.f("consents_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("consents_key")),
    )
    op.create_index(op.f("consents_by_rater"), "consents", ["rater"], unique=False)
    op.create_table(
        "enrolments",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("study", sa.BigInteger(), nullable=False),
        sa.Column("rater", sa.BigInteger(), nullable=False),
        sa.Column("order_row", sa.BigInteger(), nullable=False),
        sa.Column("criteria_row", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["rater"], ["raters.id"], name=op.f("enrolments_rater")),
        sa.ForeignKeyConstraint(["study"], ["studies.id"], name=op.f("enrolments_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("enrolments_key")),
        sa.UniqueConstraint("study", "rater", name=op.f("one_enrolments_per_study_rater")),
    )
    op.create_table(
        "exports",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("study", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["study"], ["studies.id"], name=op.f("exports_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("exports_key")),
    )
    op.create_table(
        "withdrawals",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rater", sa.BigInteger(), nullable=False),
        sa.Column("study", sa.BigInteger(), nullable=True),
        sa.Column("erase", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["rater"], ["raters.id"], name=op.f("withdrawals_rater")),
        sa.ForeignKeyConstraint(["study"], ["studies.id"], name=op.f("withdrawals_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("withdrawals_key")),
    )
    op.create_index(op.f("withdrawals_by_rater"), "withdrawals", ["rater"], unique=False)
    op.create_table(
        "finishes",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("enrolment", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["enrolment"], ["enrolments.id"], name=op.f("finishes_enrolment")),
        sa.PrimaryKeyConstraint("id", name=op.f("finishes_key")),
        sa.UniqueConstraint("enrolment", name=op.f("one_finishes_per_enrolment")),
    )
    op.create_table(
        "items",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("study", sa.BigInteger(), nullable=False),
        sa.Column("condition", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("dialogue", sa.String(length=120), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=True),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("arms", sa.Text(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=True),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("meta", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["condition"], ["conditions.id"], name=op.f("items_condition")),
        sa.ForeignKeyConstraint(["study"], ["studies.id"], name=op.f("items_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("items_key")),
        sa.UniqueConstraint("condition", "number", name=op.f("one_items_per_condition_number")),
        sa.UniqueConstraint("name", name=op.f("one_items_per_name")),
    )
    op.create_index(op.f("items_by_study"), "items", ["study"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("enrolment", sa.BigInteger(), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("rater", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("elapsed", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["enrolment"], ["enrolments.id"], name=op.f("assignments_enrolment")),
        sa.ForeignKeyConstraint(["item"], ["items.id"], name=op.f("assignments_item")),
        sa.ForeignKeyConstraint(["rater"], ["raters.id"], name=op.f("assignments_rater")),
        sa.PrimaryKeyConstraint("id", name=op.f("assignments_key")),
        sa.UniqueConstraint("item", "rater", name=op.f("one_assignments_per_item_rater")),
    )
    op.create_index(op.f("assignments_by_rater"), "assignments", ["rater"], unique=False)
    op.create_table(
        "answers",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("study", sa.BigInteger(), nullable=False),
        sa.Column("assignment", sa.BigInteger(), nullable=False),
        sa.Column("criterion", sa.String(length=120), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("supersedes", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=True),
        sa.Column("client_at", sa.BigInteger(), nullable=True),
        sa.Column("elapsed", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["assignment"], ["assignments.id"], name=op.f("answers_assignment")),
        sa.ForeignKeyConstraint(["study"], ["studies.id"], name=op.f("answers_study")),
        sa.ForeignKeyConstraint(["supersedes"], ["answers.id"], name=op.f("answers_supersedes")),
        sa.PrimaryKeyConstraint("id", name=op.f("answers_key")),
        sa.UniqueConstraint(
            "assignment",
            "criterion",
            "target",
            "version",
            name=op.f("one_answers_per_assignment_criterion_target_version"),
        ),
        sa.UniqueConstraint("supersedes", name=op.f("one_answers_per_supersedes")),
    )
    op.create_index("answers_of_a_study", "answers", ["study", "id"], unique=False)
    op.create_table(
        "endings",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("assignment", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["assignment"], ["assignments.id"], name=op.f("endings_assignment")),
        sa.PrimaryKeyConstraint("id", name=op.f("endings_key")),
        sa.UniqueConstraint("assignment", name=op.f("one_endings_per_assignment")),
    )
    op.create_table(
        "renewals",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("assignment", sa.BigInteger(), nullable=False),
        sa.Column("elapsed", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["assignment"], ["assignments.id"], name=op.f("renewals_assignment")),
        sa.PrimaryKeyConstraint("id", name=op.f("renewals_key")),
    )
    op.create_index(op.f("renewals_by_assignment"), "renewals", ["assignment"], unique=False)
    op.create_table(
        "slots",
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("condition", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("cell", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("assignment", sa.BigInteger(), nullable=True),
        sa.Column("free_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["assignment"], ["assignments.id"], name=op.f("slots_assignment")),
        sa.ForeignKeyConstraint(["condition"], ["conditions.id"], name=op.f("slots_condition")),
        sa.ForeignKeyConstraint(["item"], ["items.id"], name=op.f("slots_item")),
        sa.PrimaryKeyConstraint("item", "number", name=op.f("slots_key")),
        sa.UniqueConstraint("assignment", name=op.f("one_slots_per_assignment")),
    )
    op.create_index(
        "slots_to_hand_out",
        "slots",
        ["condition", "place"],
        unique=False,
        sqlite_where=sa.text("free_at IS NOT NULL"),
        postgresql_where=sa.text("free_at IS NOT NULL"),
    )
    op.execute(
        f"INSERT INTO head (one, seq, hash, last_id, at, elapsed) VALUES (1, 0, '{'0' * 64}', 0, 0, 0)"
    )


def downgrade() -> None:
    op.drop_index(
        "slots_to_hand_out",
        table_name="slots",
        sqlite_where=sa.text("free_at IS NOT NULL"),
        postgresql_where=sa.text("free_at IS NOT NULL"),
    )
    op.drop_table("slots")
    op.drop_index(op.f("renewals_by_assignment"), table_name="renewals")
    op.drop_table("renewals")
    op.drop_table("endings")
    op.drop_index("answers_of_a_study", table_name="answers")
    op.drop_table("answers")
    op.drop_index(op.f("assignments_by_rater"), table_name="assignments")
    op.drop_table("assignments")
    op.drop_index(op.f("items_by_study"), table_name="items")
    op.drop_table("items")
    op.drop_table("finishes")
    op.drop_index(op.f("withdrawals_by_rater"), table_name="withdrawals")
    op.drop_table("withdrawals")
    op.drop_table("exports")
    op.drop_table("enrolments")
    op.drop_index(op.f("consents_by_rater"), table_name="consents")
    op.drop_table("consents")
    op.drop_table("conditions")
    op.drop_table("texts")
    op.drop_table("studies")
    op.drop_table("raters")
    op.drop_table("journal")
    op.drop_table("head")
