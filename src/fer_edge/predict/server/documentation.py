"""The OpenAPI document: parameters, forms and answers, with examples; and parameters that came, against it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import FastAPI, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from fer_edge.predict.server.refusals import STATUSES, Refusal

DESCRIPTION = """Faces and their emotions in pictures, as `fer-predict` finds them: the same model, the same pixels, the same
answer. Errors have a word that stays (`code`) and a sentence (`message`)."""

Threshold = Annotated[
    float,
    Field(ge=0, le=1, allow_inf_nan=False, description="Name the emotions that are at least this probable."),
]
Probabilities = Annotated[bool, Field(description="Add every emotion's probability.")]


class PredictQuery(BaseModel):
    """What may be asked of a picture."""

    model_config = ConfigDict(extra="forbid")

    threshold: Threshold = 0.5
    probabilities: Probabilities = False
    file_name: Annotated[
        str,
        StringConstraints(min_length=1, max_length=255, pattern=r"^[^/\\]+$"),
        Field(description="The picture's name in the answer; a form tells it itself."),
    ] = "picture"


class ImagesQuery(BaseModel):
    """Which pictures of the database."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=1000, description="Pictures on a page.")] = 100
    after: Annotated[
        int, Field(ge=0, le=(1 << 63) - 1, description="`next` of the page before; 0: the first page.")
    ] = 0
    threshold: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="Instead of the one that each picture was stored with.",
        ),
    ] = None
    probabilities: Annotated[
        bool | None, Field(description="Instead of what was asked for when it was stored.")
    ] = None


def with_fields(query: PredictQuery, fields: Mapping[str, str]) -> PredictQuery:
    """The query with what a form says, which comes before what the address says.

    Raises:
        Refusal: a field is not what it may be.
    """
    try:
        return PredictQuery(**query.model_dump(exclude_unset=True) | dict(fields))
    except ValidationError as error:
        raise refuse_parameters(error) from error


def refuse_parameters(error: RequestValidationError | ValidationError) -> Refusal:
    """All parameters that are wrong, in one sentence."""
    faults = []
    for each in error.errors():
        name = str(each["loc"][-1]) if each.get("loc") else "the request"
        came = ascii(str(each.get("input"))[:80])
        if each["type"] == "extra_forbidden":
            faults.append(f"{name[:80]!a} is no parameter")
        else:
            faults.append(f"{name} is {came}: {each['msg'][:1].lower()}{each['msg'][1:]}")
    return Refusal("bad-parameter", "; ".join(faults[:10]))


def json_response(document: Mapping[str, Any], status: int) -> Response:
    """A small document that nobody keeps."""
    return Response(json.dumps(document) + "\n", status, {"Cache-Control": "no-store"}, "application/json")


NUMBERS = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}}
FACE = {
    "type": "object",
    "description": "A face: each emotion that reaches the threshold is a member of its own, with its probability.",
    "required": ["face_id", "bbox"],
    "properties": {
        "face_id": {"type": "integer", "minimum": 1, "description": "Counts by x0, then y0."},
        "bbox": {
            "type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "string", "pattern": "^[0-9]+$"},
            "description": "x0, y0, x1, y1 in pixels of the upright picture; x1 and y1 exclusive.",
        },
        "probabilities": {**NUMBERS, "description": "Every emotion, if asked for."},
    },
    "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
}  # fmt: skip
IMAGE = {
    "type": "object",
    "required": ["file_name", "threshold", "faces"],
    "properties": {
        "file_name": {"type": "string"},
        "frame": {"type": "integer", "minimum": 0, "description": "Of a video."},
        "time_seconds": {"type": "number", "minimum": 0, "description": "Of a video."},
        "threshold": {"type": "number", "minimum": 0, "maximum": 1},
        "faces": {"type": "array", "items": {"$ref": "#/components/schemas/Face"}},
    },
    "additionalProperties": False,
}
PREDICTION = {
    "type": "object",
    "required": ["images"],
    "properties": {"images": {"type": "array", "items": {"$ref": "#/components/schemas/Image"}}},
    "additionalProperties": False,
}
PAGE = {
    "type": "object",
    "required": ["images", "next"],
    "properties": {
        "images": {"type": "array", "items": {"$ref": "#/components/schemas/Image"}},
        "next": {
            "type": ["integer", "null"],
            "description": "`after` of the next page; null: this is the last.",
        },
    },
    "additionalProperties": False,
}
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {
                    "type": "string",
                    "description": f"A word that stays. The server's own: {', '.join(STATUSES)}; others say what is wrong "
                    "with a picture.",
                },
                "message": {
                    "type": "string",
                    "description": "For people: what came, what is allowed, what to do.",
                },
            },
        }
    },
    "additionalProperties": False,
}
HEALTH_DOCUMENT = {
    "type": "object",
    "required": ["status", "workers", "bundle_sha256", "version"],
    "properties": {
        "status": {"type": "string", "enum": ["ok", "draining", "no worker"]},
        "workers": {"type": "integer", "minimum": 0},
        "model": {"type": "string"},
        "variant": {"type": "string"},
        "engine": {"type": "string"},
        "bundle_sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "version": {"type": "string"},
    },
    "additionalProperties": False,
}
SCHEMAS = {
    "Face": FACE, "Image": IMAGE, "Prediction": PREDICTION, "ImagesPage": PAGE, "Error": ERROR, "Health": HEALTH_DOCUMENT,
}  # fmt: skip


def _json(name: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


def _error(text: str, **headers: str) -> dict[str, Any]:
    told = {
        name.replace("_", "-"): {"description": says, "schema": {"type": "string"}}
        for name, says in headers.items()
    }
    return {"description": text, **_json("Error"), **({"headers": told} if told else {})}


EVERYWHERE: dict[int | str, dict[str, Any]] = {
    401: _error("No token, or not this server's.", WWW_Authenticate="Bearer"),
    421: _error("The Host is not this server's."),
    422: _error("A parameter or a picture that cannot be taken."),
    431: _error("Target and headers are too large."),
    500: _error("A mistake of the server's."),
    503: _error("Nothing answers pictures now, or this one took too long.", Retry_After="Seconds."),
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp", "application/octet-stream")
_FORM = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {
                "type": "string",
                "format": "binary",
                "description": "The picture; any field with a file name is. The other fields come before the address's.",
            },
            "threshold": {"type": "number", "minimum": 0, "maximum": 1},
            "probabilities": {"type": "boolean"},
        },
        "additionalProperties": False,
    }
}
_SECURED: dict[str, Any] = {"security": [{}, {"token": []}]}
PREDICT: dict[str, Any] = {
    "tags": ["pictures"],
    "summary": "Find faces and name their emotions",
    "responses": {
        200: {"description": "The prediction JSON of fer-predict.", **_json("Prediction")},
        400: _error("The form or the request is broken."),
        408: _error("The body came too slowly."),
        413: _error("The body, or the picture, is too large."),
        415: _error("The body cannot be a picture."),
        429: _error("The queue is full.", Retry_After="Seconds."),
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": _FORM} | dict.fromkeys(_PICTURE_TYPES, _BINARY),
        },
        **_SECURED,
    },
}
IMAGES: dict[str, Any] = {
    "tags": ["pictures"],
    "summary": "Read the database",
    "responses": {
        200: {"description": "A page of prediction JSON.", **_json("ImagesPage")},
        404: _error("This server has no database."),
    },
    "openapi_extra": _SECURED,
}
HEALTH: dict[str, Any] = {
    "tags": ["service"],
    "summary": "Tell whether pictures are answered",
    "responses": {
        200: {"description": "They are.", **_json("Health")},
        503: {"description": "They are not.", **_json("Health")},
    },
}
METRICS: dict[str, Any] = {
    "tags": ["service"],
    "summary": "Figures for Prometheus",
    "responses": {
        200: {
            "description": "Prometheus's text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
    "openapi_extra": _SECURED,
}


def describe(app: FastAPI) -> None:
    """Add what FastAPI does not find by itself: the schemas, and the token."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = made()
            components = document.setdefault("components", {})
            # FastAPI's own form of validation errors is not ours.
            components["schemas"] = dict(SCHEMAS)
            components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
