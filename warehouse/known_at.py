"""When a value counts as known where its source does not say so: its rule per dataset, in SQL.

Each expression reads one typed row, named `row`, and gives a naive UTC timestamp. Holdings
that a vendor gives before that moment are known from then on.
"""

KNOWN_AT = {
    "quote": "session + interval 22 hour",
    "holding": """coalesce(
        (select next_session from reference.calendar_day where day = row.holdings_date),
        holdings_date + interval 1 day
    ) + interval 13 hour""",
    "estimate": "snapshot_date + interval 22 hour",
    "fundamental": "snapshot_date + interval 22 hour",
    "rate": """case
        when series_id in (
            select s.series_id from reference.rate_series as s where s.frequency = 'policy'
        ) then coalesce(
            (
                select max(d.announced_at)
                from reference.fed_decision as d
                where d.effective_date = row.observation_date and d.change_bp <> 0
            ),
            observation_date::timestamp
        )
        when series_id in (
            select s.series_id from reference.rate_series as s where s.frequency = 'monthly'
        ) then coalesce(
            (
                select min(r.released_at)
                from reference.release_calendar as r
                where r.series_id = row.series_id and r.observation_date = row.observation_date
            ),
            date_trunc('month', observation_date)
            + interval 1 month + interval 19 day + interval 22 hour
        )
        else coalesce(
            (select next_session from reference.calendar_day where day = row.observation_date),
            observation_date + interval 1 day
        ) + interval 22 hour
    end""",
}
