"""The shape of a pipeline file: its keys, as pydantic models. What they mean is compiled in `compiler`."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.contract.documents import Intent

NAME: Final = r"^[a-z0-9][a-z0-9_-]{0,62}$"


class _Clause(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FromClause(_Clause):
    """What the pipeline takes: messages of a connection, or documents of a kind, whoever made them."""

    connection: str | None = Field(default=None, description="Connection whose messages it takes.")
    types: list[str] | None = Field(default=None, min_length=1, description="Payload types it takes of them.")
    document: str | None = Field(default=None, description="Kind of canonical document it takes instead.")

    @model_validator(mode="after")
    def _one_origin(self) -> FromClause:
        if self.document is not None and (self.connection is not None or self.types is not None):
            raise ValueError("take either messages (connection and types) or documents (document)")
        if self.document is None and (self.connection is None or self.types is None):
            raise ValueError("say where from: {connection: NAME, types: [TYPE]} or {document: KIND}")
        return self


class SubjectClause(BaseModel):
    """What a message is about. Beside these keys stands one more: the kind of subject, such as `order`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    version: str | None = Field(default=None, description="Expression for the object's version at the source.")
    intent: Intent = Field(description="How it relates to others about the same subject: snapshot, delta or command.")
    of: str | None = Field(default=None, description="System whose number it is; by default the connection's own.")


class StepClause(_Clause):
    """One step: either makes the canonical document or may end the way here."""

    map: str | None = Field(default=None, description="Mapping that makes the canonical document.")
    filter: str | None = Field(default=None, description="Condition; what does not meet it ends as filtered.")

    @model_validator(mode="after")
    def _one_thing(self) -> StepClause:
        if (self.map is None) == (self.filter is None):
            raise ValueError("a step is either {map: MAPPING} or {filter: CONDITION}")
        return self


class RouteClause(_Clause):
    """Where a document goes, as what, and when."""

    to: str = Field(description="Connection it is delivered to.")
    map: str = Field(description="Mapping that makes the target's form of it.")
    when: str | None = Field(
        default=None, description="Condition on document, effect, connection and origin; by default always."
    )
    needs: str | list[str] = Field(
        default_factory=list, description="Numbers that must be known before: xref.SYSTEM.KIND, one or a list."
    )
    references: dict[str, str] = Field(
        default_factory=dict, description="Numbers by which the target will speak of it: kind to expression."
    )


class PipelineFile(_Clause):
    """The keys of `pipelines/**/*.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=False)

    pipeline: str = Field(pattern=NAME, description="The pipeline's name, unique in the workspace.")
    origin: FromClause = Field(alias="from", description="What it takes.")
    subject: SubjectClause | None = Field(default=None, description="What a message is about, and which revision.")
    references: dict[str, str] = Field(
        default_factory=dict, description="More numbers of the subject in this system: kind to expression."
    )
    each: str | None = Field(
        default=None, description="Expression for the parts of a message that become a document each."
    )
    occurred_at: str | None = Field(default=None, description="Expression for when it happened at the source.")
    steps: list[StepClause] = Field(default_factory=list, description="How the canonical document is made.")
    ignore: str | None = Field(
        default=None, min_length=1, description="Why nothing is made of these types: they are stored, and end there."
    )
    filter: str | None = Field(default=None, description="Condition on documents, for a pipeline from documents.")
    routes: list[RouteClause] = Field(default_factory=list, description="Where the document goes.")
    tests: list[Any] = Field(default_factory=list, description="Tests of it; a hub does not look at them.")

    @model_validator(mode="after")
    def _fits_its_origin(self) -> PipelineFile:
        if self.ignore is not None:
            return self._ignores()
        if self.origin.document is None:
            if self.subject is None or not self.steps:
                raise ValueError("a pipeline from a connection needs subject and steps")
            if self.filter is not None:
                raise ValueError("'filter' belongs to pipelines from documents; here it is a step")
            return self
        given = [
            name for name in ("subject", "references", "each", "occurred_at", "steps") if name in self.model_fields_set
        ]
        if given:
            raise ValueError(f"a pipeline from documents has no {' and no '.join(map(repr, given))}")
        return self

    def _ignores(self) -> PipelineFile:
        more = self.model_fields_set - {"pipeline", "origin", "ignore", "tests"}
        if self.origin.document is not None or more:
            raise ValueError("a pipeline that ignores types of a connection has nothing but its name, from and ignore")
        return self

    @property
    def plain_subject(self) -> dict[str, Any]:
        """The keys of the subject clause that name its kind."""
        return dict(self.subject.model_extra or {}) if self.subject else {}
