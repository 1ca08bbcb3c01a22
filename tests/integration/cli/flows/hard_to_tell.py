"""Tasks whose exceptions are hard to tell."""

from alula import dynamic, task


class Base(BaseException):
    pass


class Mute(Exception):
    def __str__(self) -> str:
        raise KeyError("mute")


@task(retries=2)
def surrogate() -> int:
    raise ValueError("caf\udce9")


@task(retries=2)
def mute() -> int:
    raise Mute


@task(retries=2)
def base() -> int:
    raise Base("b")


@dynamic(retries=2)
def grows() -> int:
    surrogate()
    raise GeneratorExit
