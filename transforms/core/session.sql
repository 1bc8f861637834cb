select
    day as session,
    previous_session,
    row_number() over (partition by year(day) order by day) as sessions_ytd,
    month(next_session) <> month(day) as is_month_end
from reference.calendar_day
where is_session and day <= (select max(session) from raw.quote)
