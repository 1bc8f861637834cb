from .answer import Answer, as_json
from .world import World


def summary(world: World, symbol: str, modules: list[str], fault: str = "") -> Answer:
    return as_json({})
