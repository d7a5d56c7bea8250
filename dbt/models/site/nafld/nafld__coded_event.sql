-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
with "bounded" as (
    select * from {{ ref('nafld__bounded_event') }}
),
"patient__coded" as (
    select *, rowid as __patient from {{ ref('nafld__coded_patient') }}
),
"patient__values" as (
    select * from (select *, round(try_cast(try(weight / POWER((height / 100), 2)) as double), 1) as "bmi" from {{ ref('nafld__bounded_patient') }})
),
"own" as (
    select
        bounded.*,
        case when bounded."days" < -12600 then 0 when bounded."days" < -11900 then 1 when bounded."days" < -11200 then 2 when bounded."days" < -10500 then 3 when bounded."days" < -9800 then 4 when bounded."days" < -9100 then 5 when bounded."days" < -8400 then 6 when bounded."days" < -7700 then 7 when bounded."days" < -7000 then 8 when bounded."days" < -6300 then 9 when bounded."days" < -5600 then 10 when bounded."days" < -4900 then 11 when bounded."days" < -4200 then 12 when bounded."days" < -3500 then 13 when bounded."days" < -2800 then 14 when bounded."days" < -2100 then 15 when bounded."days" < -1400 then 16 when bounded."days" < -700 then 17 when bounded."days" < 0 then 18 when bounded."days" < 1 then 19 when bounded."days" < 700 then 20 when bounded."days" < 1400 then 21 when bounded."days" < 2100 then 22 when bounded."days" < 2800 then 23 when bounded."days" < 3500 then 24 when bounded."days" < 4200 then 25 when bounded."days" < 4900 then 26 when bounded."days" < 5600 then 27 when bounded."days" < 6300 then 28 when bounded."days" < 7000 then 29 when bounded."days" < 7700 then 30 else 31 end as "days__code",
        case cast(bounded."event" as varchar) when 'nafld' then 0 when 'htn' then 1 when 'dyslipidemia' then 2 when 'ang/isc' then 3 when 'diabetes' then 4 when 'stroke' then 5 when 'afib' then 6 when 'MI' then 7 when 'heart failure' then 8 when 'cardiac arrest' then 9 end as "event__code"
    from bounded
),
"finely" as (
    select
        *
    from own
),
"placed" as (
    select
        finely.*,
        "patient__coded".__patient,
        list_extract([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5], "patient__coded"."age" + 1) as "patient__age",
        "patient__coded"."male" as "patient__male",
        list_extract([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 6], "patient__coded"."weight" + 1) as "patient__weight",
        list_extract([0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6], "patient__coded"."height" + 1) as "patient__height",
        "patient__coded"."case_id" as "patient__case_id",
        list_extract([0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 6, 6, 7, 7, 8, 9, 9, 10, 10, 11], "patient__coded"."futime" + 1) as "patient__futime",
        "patient__coded"."status" as "patient__status",
        list_extract([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5], "patient__coded"."lab__count" + 1) as "patient__lab__count",
        list_extract([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5], "patient__coded"."event__count" + 1) as "patient__event__count",
        finely."days" as __at,
        coalesce("patient__values"."futime", 8000) as __limit,
        0 as __begin,
        -13000 as __low,
        row_number() over (partition by finely."patient_id" order by finely."days", finely."event__code", finely."event_id") as __row,
        count(*) over (partition by finely."patient_id") as __rows
    from finely
    join "patient__coded" on finely."patient_id" = "patient__coded"."patient_id"
    join "patient__values" on finely."patient_id" = "patient__values"."patient_id"
),
"neighbours" as (
    select
        *,
        lag(__at) over rows_of as __before,
        coalesce(lag(list_extract([0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 9, 9, 9, 10, 10, 10, 11, 11], "days__code" + 1)) over rows_of, 12) as "days__prev",
        coalesce(lag("event__code") over rows_of, 10) as "event__prev"
    from placed
    window rows_of as (partition by "patient_id" order by __row)
),
"measured" as (
    select
        *,
        (__rows - __row + 1) as __rest,
        __at - __before as __gap,
        case when __at = __before then 0 else (__at - __before) * (__rows - __row + 1) / greatest(greatest(__limit - coalesce(__before, __low), 0), 1e-9) end as __stride,
        case when __before is null then __at - __begin end as __start,
        greatest(__limit - coalesce(__before, __low), 0) as __left,
        greatest(__limit - coalesce(__before, __low), 0) // (__rows - __row + 1) as __pace
    from neighbours
),
"timed" as (
    select
        *,
        case when __rest < 1 then 0 when __rest < 2 then 1 when __rest < 3 then 2 when __rest < 4 then 3 when __rest < 5 then 4 when __rest < 7 then 5 when __rest < 8 then 6 when __rest < 10 then 7 when __rest < 13 then 8 when __rest < 16 then 9 else 10 end as __rest__code,
        case when __gap is not null then case when __stride <= 0 then 0 when __stride < 0.000244140625e0 then 1 when __stride < 0.00040417640619375524e0 then 2 when __stride < 0.0006691166917578729e0 then 3 when __stride < 0.0011077270724565063e0 then 4 when __stride < 0.001833849434886145e0 then 5 when __stride < 0.003035949769083826e0 then 6 when __stride < 0.005026034757849342e0 then 7 when __stride < 0.008320633511249707e0 then 8 when __stride < 0.013774863359312828e0 then 9 when __stride < 0.02280437665127259e0 then 10 when __stride < 0.03775279513763896e0 then 11 when __stride < 0.06249999999999997e0 then 12 when __stride < 0.1034691599856013e0 then 13 when __stride < 0.1712938730900154e0 then 14 when __stride < 0.28357813054886555e0 then 15 when __stride < 0.469465455330853e0 then 16 when __stride < 0.7772031408854593e0 then 17 when __stride < 1.286664898009431e0 then 18 when __stride < 2.130082178879924e0 then 19 when __stride < 3.5263650199840826e0 then 20 when __stride < 5.837920422725781e0 then 21 when __stride < 9.664715555235572e0 then 22 when __stride < 15.99999999999999e0 then 23 else 24 end end as __gap__code,
        case when __start is not null then case when __start < -12344 then 0 when __start < -11688 then 1 when __start < -11032 then 2 when __start < -10375 then 3 when __start < -9719 then 4 when __start < -9063 then 5 when __start < -8407 then 6 when __start < -7750 then 7 when __start < -7094 then 8 when __start < -6438 then 9 when __start < -5781 then 10 when __start < -5125 then 11 when __start < -4469 then 12 when __start < -3813 then 13 when __start < -3156 then 14 when __start < -2500 then 15 when __start < -1844 then 16 when __start < -1187 then 17 when __start < -531 then 18 when __start < 125 then 19 when __start < 781 then 20 when __start < 1438 then 21 when __start < 2094 then 22 when __start < 2750 then 23 when __start < 3407 then 24 when __start < 4063 then 25 when __start < 4719 then 26 when __start < 5375 then 27 when __start < 6032 then 28 when __start < 6688 then 29 when __start < 7344 then 30 else 31 end end as __start__code,
        case when __left < 1 then 0 when __left < 2 then 1 when __left < 4 then 2 when __left < 5 then 3 when __left < 8 then 4 when __left < 13 then 5 when __left < 20 then 6 when __left < 31 then 7 when __left < 49 then 8 when __left < 76 then 9 when __left < 119 then 10 when __left < 187 then 11 when __left < 294 then 12 when __left < 461 then 13 when __left < 725 then 14 when __left < 1140 then 15 when __left < 1791 then 16 when __left < 2815 then 17 when __left < 4426 then 18 when __left < 6957 then 19 when __left < 10937 then 20 when __left < 17193 then 21 else 22 end as __left__code,
        case when __pace < 1 then 0 when __pace < 2 then 1 when __pace < 4 then 2 when __pace < 5 then 3 when __pace < 8 then 4 when __pace < 13 then 5 when __pace < 20 then 6 when __pace < 31 then 7 when __pace < 49 then 8 when __pace < 76 then 9 when __pace < 119 then 10 when __pace < 187 then 11 when __pace < 294 then 12 when __pace < 461 then 13 when __pace < 725 then 14 when __pace < 1140 then 15 when __pace < 1791 then 16 when __pace < 2815 then 17 when __pace < 4426 then 18 when __pace < 6957 then 19 when __pace < 10937 then 20 when __pace < 17193 then 21 else 22 end as __pace__code,
        case when __row = 1 then 0 when __gap = 0 then 1 else 2 end as __moved__code,
        case when __at = 0 then 1 else 0 end as __mark__code
    from measured
),
"together" as (
    select
        "event_id",
        "patient_id",
        __patient,
        __row,
        "patient__age",
        "patient__male",
        "patient__weight",
        "patient__height",
        "patient__case_id",
        "patient__futime",
        "patient__status",
        "patient__lab__count",
        "patient__event__count",
        "days__prev",
        "event__prev",
        __start__code as "days__start",
        __gap__code as "days__gap",
        list_extract([0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 9, 9, 9, 10, 10, 10, 11, 11], "days__code" + 1) as "days",
        __rest__code as "event__rest",
        __left__code as "days__left",
        __pace__code as "days__pace",
        __moved__code as "days__moved",
        "event__code" as "event",
        __mark__code as "days__mark",
        case when __start is not null then __start__code * 4 + greatest(0, least((__start - list_extract([-13000, -12344, -11688, -11032, -10375, -9719, -9063, -8407, -7750, -7094, -6438, -5781, -5125, -4469, -3813, -3156, -2500, -1844, -1187, -531, 125, 781, 1438, 2094, 2750, 3407, 4063, 4719, 5375, 6032, 6688, 7344]::bigint[], __start__code + 1)) * list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], __start__code + 1) // (list_extract([-12344, -11688, -11032, -10375, -9719, -9063, -8407, -7750, -7094, -6438, -5781, -5125, -4469, -3813, -3156, -2500, -1844, -1187, -531, 125, 781, 1438, 2094, 2750, 3407, 4063, 4719, 5375, 6032, 6688, 7344, 8001]::bigint[], __start__code + 1) - list_extract([-13000, -12344, -11688, -11032, -10375, -9719, -9063, -8407, -7750, -7094, -6438, -5781, -5125, -4469, -3813, -3156, -2500, -1844, -1187, -531, 125, 781, 1438, 2094, 2750, 3407, 4063, 4719, 5375, 6032, 6688, 7344]::bigint[], __start__code + 1)), list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], __start__code + 1) - 1)) end as "days__start__fine",
        case when __gap is not null then __gap__code * 4 + greatest(0, least(cast(floor((__stride - list_extract([0, 0, 0.000244140625e0, 0.00040417640619375524e0, 0.0006691166917578729e0, 0.0011077270724565063e0, 0.001833849434886145e0, 0.003035949769083826e0, 0.005026034757849342e0, 0.008320633511249707e0, 0.013774863359312828e0, 0.02280437665127259e0, 0.03775279513763896e0, 0.06249999999999997e0, 0.1034691599856013e0, 0.1712938730900154e0, 0.28357813054886555e0, 0.469465455330853e0, 0.7772031408854593e0, 1.286664898009431e0, 2.130082178879924e0, 3.5263650199840826e0, 5.837920422725781e0, 9.664715555235572e0, 15.99999999999999e0]::double[], __gap__code + 1)) * list_extract([1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], __gap__code + 1) / (case when list_extract([0, 0.000244140625e0, 0.00040417640619375524e0, 0.0006691166917578729e0, 0.0011077270724565063e0, 0.001833849434886145e0, 0.003035949769083826e0, 0.005026034757849342e0, 0.008320633511249707e0, 0.013774863359312828e0, 0.02280437665127259e0, 0.03775279513763896e0, 0.06249999999999997e0, 0.1034691599856013e0, 0.1712938730900154e0, 0.28357813054886555e0, 0.469465455330853e0, 0.7772031408854593e0, 1.286664898009431e0, 2.130082178879924e0, 3.5263650199840826e0, 5.837920422725781e0, 9.664715555235572e0, 15.99999999999999e0, 16]::double[], __gap__code + 1) > list_extract([0, 0, 0.000244140625e0, 0.00040417640619375524e0, 0.0006691166917578729e0, 0.0011077270724565063e0, 0.001833849434886145e0, 0.003035949769083826e0, 0.005026034757849342e0, 0.008320633511249707e0, 0.013774863359312828e0, 0.02280437665127259e0, 0.03775279513763896e0, 0.06249999999999997e0, 0.1034691599856013e0, 0.1712938730900154e0, 0.28357813054886555e0, 0.469465455330853e0, 0.7772031408854593e0, 1.286664898009431e0, 2.130082178879924e0, 3.5263650199840826e0, 5.837920422725781e0, 9.664715555235572e0, 15.99999999999999e0]::double[], __gap__code + 1) then list_extract([0, 0.000244140625e0, 0.00040417640619375524e0, 0.0006691166917578729e0, 0.0011077270724565063e0, 0.001833849434886145e0, 0.003035949769083826e0, 0.005026034757849342e0, 0.008320633511249707e0, 0.013774863359312828e0, 0.02280437665127259e0, 0.03775279513763896e0, 0.06249999999999997e0, 0.1034691599856013e0, 0.1712938730900154e0, 0.28357813054886555e0, 0.469465455330853e0, 0.7772031408854593e0, 1.286664898009431e0, 2.130082178879924e0, 3.5263650199840826e0, 5.837920422725781e0, 9.664715555235572e0, 15.99999999999999e0, 16]::double[], __gap__code + 1) - list_extract([0, 0, 0.000244140625e0, 0.00040417640619375524e0, 0.0006691166917578729e0, 0.0011077270724565063e0, 0.001833849434886145e0, 0.003035949769083826e0, 0.005026034757849342e0, 0.008320633511249707e0, 0.013774863359312828e0, 0.02280437665127259e0, 0.03775279513763896e0, 0.06249999999999997e0, 0.1034691599856013e0, 0.1712938730900154e0, 0.28357813054886555e0, 0.469465455330853e0, 0.7772031408854593e0, 1.286664898009431e0, 2.130082178879924e0, 3.5263650199840826e0, 5.837920422725781e0, 9.664715555235572e0, 15.99999999999999e0]::double[], __gap__code + 1) else 1 end)) as bigint), list_extract([1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], __gap__code + 1) - 1)) end as "days__gap__fine"
    from timed
)

select
    "event_id",
    "patient_id",
    "__patient",
    "__row",
    cast("patient__age" as utinyint) as "patient__age",
    cast("patient__male" as utinyint) as "patient__male",
    cast("patient__weight" as utinyint) as "patient__weight",
    cast("patient__height" as utinyint) as "patient__height",
    cast("patient__case_id" as utinyint) as "patient__case_id",
    cast("patient__futime" as utinyint) as "patient__futime",
    cast("patient__status" as utinyint) as "patient__status",
    cast("patient__lab__count" as utinyint) as "patient__lab__count",
    cast("patient__event__count" as utinyint) as "patient__event__count",
    cast("days__start" as utinyint) as "days__start",
    cast("days__gap" as utinyint) as "days__gap",
    cast("days" as utinyint) as "days",
    cast("days__prev" as utinyint) as "days__prev",
    cast("event__rest" as utinyint) as "event__rest",
    cast("days__left" as utinyint) as "days__left",
    cast("days__pace" as utinyint) as "days__pace",
    cast("event__prev" as utinyint) as "event__prev",
    cast("days__moved" as utinyint) as "days__moved",
    cast("event" as utinyint) as "event",
    cast("days__mark" as utinyint) as "days__mark",
    cast("days__start__fine" as utinyint) as "days__start__fine",
    cast("days__gap__fine" as utinyint) as "days__gap__fine"
from together
