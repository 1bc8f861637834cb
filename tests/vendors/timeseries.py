from .answer import Answer, as_json
from .world import World


def timeseries(
    world: World, symbol: str, query: dict[str, str], types: list[str], fault: str = ""
) -> Answer:
    return as_json({})
