with event as (
    select * from {{ ref('stg_nafld__event') }}
)

select * from event
