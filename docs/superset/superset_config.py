"""A small Superset for one machine: caches in memory, files allowed as databases."""

# Superset distrusts files as databases; this one can only be read.
PREVENT_UNSAFE_DB_CONNECTIONS = False
RATELIMIT_ENABLED = False

# A publication replaces the file once a night; ten minutes of an old chart do no harm.
CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 600}
DATA_CACHE_CONFIG = CACHE_CONFIG
FILTER_STATE_CACHE_CONFIG = CACHE_CONFIG
EXPLORE_FORM_DATA_CACHE_CONFIG = CACHE_CONFIG
