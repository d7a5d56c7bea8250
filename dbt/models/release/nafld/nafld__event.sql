-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
{{ config(enabled=(target.name == 'release' and target.database == 'nafld'), schema='synthetic', alias='event') }}

with sampled as (
    select * from {{ source('nafld_sampled', 'event') }}
),
typed as (
    select
        cast("event_id" as bigint) as "event_id",
        cast("patient_id" as bigint) as "patient_id",
        cast("days" as bigint) as "days",
        cast("event" as varchar) as "event"
    from sampled
)

select * from typed
