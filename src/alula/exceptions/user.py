"""Errors by what the author or the caller has given. Alula tells them apart by their codes."""

from __future__ import annotations

from alula.core.errors import AlreadyExists as FlyteEntityAlreadyExistsException
from alula.core.errors import InvalidInput as FlyteAssertion
from alula.core.errors import InvalidInput as FlyteInvalidInputException
from alula.core.errors import InvalidInput as FlyteMissingReturnValueException
from alula.core.errors import InvalidInput as FlyteMissingTypeException
from alula.core.errors import InvalidInput as FlytePromiseAttributeResolveException
from alula.core.errors import InvalidInput as FlyteTypeException
from alula.core.errors import InvalidInput as FlyteValidationException
from alula.core.errors import InvalidInput as FlyteValueException
from alula.core.errors import NotFound as FlyteDataNotFoundException
from alula.core.errors import NotFound as FlyteEntityNotExistException
from alula.core.errors import NotFound as FlyteEntityNotFoundException
from alula.core.errors import Unauthenticated as FlyteAuthenticationException
from alula.sdk.absent import refuse_others
from alula.sdk.failures import FlyteRecoverableException

__all__ = [
    "FlyteAssertion",
    "FlyteAuthenticationException",
    "FlyteDataNotFoundException",
    "FlyteEntityAlreadyExistsException",
    "FlyteEntityNotExistException",
    "FlyteEntityNotFoundException",
    "FlyteInvalidInputException",
    "FlyteMissingReturnValueException",
    "FlyteMissingTypeException",
    "FlytePromiseAttributeResolveException",
    "FlyteRecoverableException",
    "FlyteTypeException",
    "FlyteValidationException",
    "FlyteValueException",
]

refuse_others(__name__)
