-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
with "lab" as (
    select * from {{ ref('nafld__bounded_lab') }}
),
"patient__coded" as (
    select * from {{ ref('nafld__coded_patient') }}
),
"patient__values" as (
    select * from {{ ref('nafld__bounded_patient') }}
),
"own" as (
    select
        "lab".*,
        case when "lab"."days" < -9400 then 0 when "lab"."days" < -8800 then 1 when "lab"."days" < -8200 then 2 when "lab"."days" < -7600 then 3 when "lab"."days" < -7000 then 4 when "lab"."days" < -6400 then 5 when "lab"."days" < -5800 then 6 when "lab"."days" < -5200 then 7 when "lab"."days" < -4600 then 8 when "lab"."days" < -4000 then 9 when "lab"."days" < -3400 then 10 when "lab"."days" < -2800 then 11 when "lab"."days" < -2200 then 12 when "lab"."days" < -1600 then 13 when "lab"."days" < -1000 then 14 when "lab"."days" < -400 then 15 when "lab"."days" < 200 then 16 when "lab"."days" < 800 then 17 when "lab"."days" < 1400 then 18 when "lab"."days" < 2000 then 19 when "lab"."days" < 2600 then 20 when "lab"."days" < 3200 then 21 when "lab"."days" < 3800 then 22 when "lab"."days" < 4400 then 23 when "lab"."days" < 5000 then 24 when "lab"."days" < 5600 then 25 when "lab"."days" < 6200 then 26 when "lab"."days" < 6800 then 27 when "lab"."days" < 7400 then 28 else 29 end as "days__code",
        case cast("lab"."test" as varchar) when 'fib4' then 0 when 'hdl' then 1 when 'sbp' then 2 when 'smoke' then 3 end as "test__code",
        case "test__code" when 0 then case when "lab"."value" < 0.3 then 0 when "lab"."value" < 0.6 then 1 when "lab"."value" < 0.9 then 2 when "lab"."value" < 1.2 then 3 when "lab"."value" < 1.45 then 4 when "lab"."value" < 2 then 5 when "lab"."value" < 2.67 then 6 when "lab"."value" < 2.8 then 7 when "lab"."value" < 3 then 8 when "lab"."value" < 3.25 then 9 when "lab"."value" < 3.6 then 10 when "lab"."value" < 4 then 11 when "lab"."value" < 5 then 12 when "lab"."value" < 7 then 13 when "lab"."value" < 12 then 14 when "lab"."value" < 500 then 15 else 16 end when 1 then case when "lab"."value" < 20 then 0 when "lab"."value" < 25 then 1 when "lab"."value" < 28 then 2 when "lab"."value" < 31 then 3 when "lab"."value" < 34 then 4 when "lab"."value" < 37 then 5 when "lab"."value" < 39 then 6 when "lab"."value" < 41 then 7 when "lab"."value" < 43 then 8 when "lab"."value" < 45 then 9 when "lab"."value" < 47 then 10 when "lab"."value" < 50 then 11 when "lab"."value" < 53 then 12 when "lab"."value" < 56 then 13 when "lab"."value" < 60 then 14 when "lab"."value" < 65 then 15 when "lab"."value" < 70 then 16 when "lab"."value" < 80 then 17 when "lab"."value" < 90 then 18 when "lab"."value" < 100 then 19 when "lab"."value" < 130 then 20 else 21 end when 2 then case when "lab"."value" <= 0 then 0 when "lab"."value" < 70 then 1 when "lab"."value" < 85 then 2 when "lab"."value" < 90 then 3 when "lab"."value" < 95 then 4 when "lab"."value" < 100 then 5 when "lab"."value" < 105 then 6 when "lab"."value" < 110 then 7 when "lab"."value" < 114 then 8 when "lab"."value" < 118 then 9 when "lab"."value" < 120 then 10 when "lab"."value" < 123 then 11 when "lab"."value" < 126 then 12 when "lab"."value" < 130 then 13 when "lab"."value" < 134 then 14 when "lab"."value" < 138 then 15 when "lab"."value" < 142 then 16 when "lab"."value" < 146 then 17 when "lab"."value" < 150 then 18 when "lab"."value" < 158 then 19 when "lab"."value" < 168 then 20 when "lab"."value" < 180 then 21 when "lab"."value" < 210 then 22 when "lab"."value" < 300 then 23 else 24 end when 3 then case when "lab"."value" <= 0 then 0 when "lab"."value" < 1 then 1 else 2 end end as "value__code"
    from "lab"
),
"finely" as (
    select
        *,
        "value__code" * 4 + greatest(0, least(cast(floor(("value" - list_extract(case "test__code" when 0 then [0, 0.3, 0.6, 0.9, 1.2, 1.45, 2, 2.67, 2.8, 3, 3.25, 3.6, 4, 5, 7, 12, 500]::double[] when 1 then [0, 20, 25, 28, 31, 34, 37, 39, 41, 43, 45, 47, 50, 53, 56, 60, 65, 70, 80, 90, 100, 130]::double[] when 2 then [0, 0, 70, 85, 90, 95, 100, 105, 110, 114, 118, 120, 123, 126, 130, 134, 138, 142, 146, 150, 158, 168, 180, 210, 300]::double[] when 3 then [0, 0, 1]::double[] end, "value__code" + 1)) * list_extract(case "test__code" when 0 then [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[] when 1 then [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[] when 2 then [1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[] when 3 then [1, 4, 1]::bigint[] end, "value__code" + 1) / (case when list_extract(case "test__code" when 0 then [0.3, 0.6, 0.9, 1.2, 1.45, 2, 2.67, 2.8, 3, 3.25, 3.6, 4, 5, 7, 12, 500, 20000]::double[] when 1 then [20, 25, 28, 31, 34, 37, 39, 41, 43, 45, 47, 50, 53, 56, 60, 65, 70, 80, 90, 100, 130, 20000]::double[] when 2 then [0, 70, 85, 90, 95, 100, 105, 110, 114, 118, 120, 123, 126, 130, 134, 138, 142, 146, 150, 158, 168, 180, 210, 300, 20000]::double[] when 3 then [0, 1, 1]::double[] end, "value__code" + 1) > list_extract(case "test__code" when 0 then [0, 0.3, 0.6, 0.9, 1.2, 1.45, 2, 2.67, 2.8, 3, 3.25, 3.6, 4, 5, 7, 12, 500]::double[] when 1 then [0, 20, 25, 28, 31, 34, 37, 39, 41, 43, 45, 47, 50, 53, 56, 60, 65, 70, 80, 90, 100, 130]::double[] when 2 then [0, 0, 70, 85, 90, 95, 100, 105, 110, 114, 118, 120, 123, 126, 130, 134, 138, 142, 146, 150, 158, 168, 180, 210, 300]::double[] when 3 then [0, 0, 1]::double[] end, "value__code" + 1) then list_extract(case "test__code" when 0 then [0.3, 0.6, 0.9, 1.2, 1.45, 2, 2.67, 2.8, 3, 3.25, 3.6, 4, 5, 7, 12, 500, 20000]::double[] when 1 then [20, 25, 28, 31, 34, 37, 39, 41, 43, 45, 47, 50, 53, 56, 60, 65, 70, 80, 90, 100, 130, 20000]::double[] when 2 then [0, 70, 85, 90, 95, 100, 105, 110, 114, 118, 120, 123, 126, 130, 134, 138, 142, 146, 150, 158, 168, 180, 210, 300, 20000]::double[] when 3 then [0, 1, 1]::double[] end, "value__code" + 1) - list_extract(case "test__code" when 0 then [0, 0.3, 0.6, 0.9, 1.2, 1.45, 2, 2.67, 2.8, 3, 3.25, 3.6, 4, 5, 7, 12, 500]::double[] when 1 then [0, 20, 25, 28, 31, 34, 37, 39, 41, 43, 45, 47, 50, 53, 56, 60, 65, 70, 80, 90, 100, 130]::double[] when 2 then [0, 0, 70, 85, 90, 95, 100, 105, 110, 114, 118, 120, 123, 126, 130, 134, 138, 142, 146, 150, 158, 168, 180, 210, 300]::double[] when 3 then [0, 0, 1]::double[] end, "value__code" + 1) else 1 end)) as bigint), list_extract(case "test__code" when 0 then [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[] when 1 then [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[] when 2 then [1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[] when 3 then [1, 4, 1]::bigint[] end, "value__code" + 1) - 1)) as "value__fine"
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
        -10000 as __low,
        row_number() over (partition by finely."patient_id" order by finely."days", finely."test__code", finely."value__code", finely."lab_id") as __row,
        count(*) over (partition by finely."patient_id") as __rows
    from finely
    join "patient__coded" on finely."patient_id" = "patient__coded"."patient_id"
    join "patient__values" on finely."patient_id" = "patient__values"."patient_id"
),
"neighbours" as (
    select
        *,
        lag(__at) over rows_of as __before,
        coalesce(lag(list_extract([0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 8, 9, 9, 10, 10, 10, 11, 11], "days__code" + 1)) over rows_of, 12) as "days__prev",
        coalesce(lag("test__code") over rows_of, 4) as "test__prev",
        coalesce(lag(list_extract([0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 8, 9, 9], "value__code" + 1)) over (partition by "patient_id", "test__code" order by __row), 10) as "value__last"
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
        case when __rest < 1 then 0 when __rest < 2 then 1 when __rest < 3 then 2 when __rest < 4 then 3 when __rest < 6 then 4 when __rest < 7 then 5 when __rest < 10 then 6 when __rest < 12 then 7 when __rest < 15 then 8 when __rest < 20 then 9 when __rest < 25 then 10 when __rest < 32 then 11 when __rest < 41 then 12 when __rest < 53 then 13 when __rest < 68 then 14 when __rest < 88 then 15 when __rest < 112 then 16 when __rest < 145 then 17 when __rest < 186 then 18 when __rest < 239 then 19 else 20 end as __rest__code,
        case when __gap is not null then case when __stride <= 0 then 0 when __stride < 0.00390625 then 1 when __stride < 0.006466822499100084 then 2 when __stride < 0.010705867068125966 then 3 when __stride < 0.0177236331593041 then 4 when __stride < 0.02934159095817832 then 5 when __stride < 0.04857519630534122 then 6 when __stride < 0.08041655612558947 then 7 when __stride < 0.1331301361799953 then 8 when __stride < 0.22039781374900524 then 9 when __stride < 0.3648700264203614 then 10 when __stride < 0.6040447222022234 then 11 when __stride < 0.9999999999999996 then 12 when __stride < 1.6555065597696208 then 13 when __stride < 2.7407019694402464 then 14 when __stride < 4.537250088781849 then 15 when __stride < 7.511447285293648 then 16 when __stride < 12.435250254167348 then 17 when __stride < 20.586638368150897 then 18 when __stride < 34.081314862078784 then 19 when __stride < 56.42184031974532 then 20 when __stride < 93.4067267636125 then 21 when __stride < 154.63544888376916 then 22 when __stride < 255.99999999999983 then 23 else 24 end end as __gap__code,
        case when __start is not null then case when __start < -9400 then 0 when __start < -8800 then 1 when __start < -8200 then 2 when __start < -7600 then 3 when __start < -7000 then 4 when __start < -6400 then 5 when __start < -5800 then 6 when __start < -5200 then 7 when __start < -4600 then 8 when __start < -4000 then 9 when __start < -3400 then 10 when __start < -2800 then 11 when __start < -2200 then 12 when __start < -1600 then 13 when __start < -1000 then 14 when __start < -400 then 15 when __start < 200 then 16 when __start < 800 then 17 when __start < 1400 then 18 when __start < 2000 then 19 when __start < 2600 then 20 when __start < 3200 then 21 when __start < 3800 then 22 when __start < 4400 then 23 when __start < 5000 then 24 when __start < 5600 then 25 when __start < 6200 then 26 when __start < 6800 then 27 when __start < 7400 then 28 else 29 end end as __start__code,
        case when __left < 1 then 0 when __left < 2 then 1 when __left < 4 then 2 when __left < 5 then 3 when __left < 8 then 4 when __left < 13 then 5 when __left < 20 then 6 when __left < 30 then 7 when __left < 47 then 8 when __left < 73 then 9 when __left < 113 then 10 when __left < 177 then 11 when __left < 276 then 12 when __left < 430 then 13 when __left < 671 then 14 when __left < 1048 then 15 when __left < 1635 then 16 when __left < 2552 then 17 when __left < 3984 then 18 when __left < 6219 then 19 when __left < 9709 then 20 when __left < 15156 then 21 else 22 end as __left__code,
        case when __pace < 1 then 0 when __pace < 2 then 1 when __pace < 4 then 2 when __pace < 5 then 3 when __pace < 8 then 4 when __pace < 13 then 5 when __pace < 20 then 6 when __pace < 30 then 7 when __pace < 47 then 8 when __pace < 73 then 9 when __pace < 113 then 10 when __pace < 177 then 11 when __pace < 276 then 12 when __pace < 430 then 13 when __pace < 671 then 14 when __pace < 1048 then 15 when __pace < 1635 then 16 when __pace < 2552 then 17 when __pace < 3984 then 18 when __pace < 6219 then 19 when __pace < 9709 then 20 when __pace < 15156 then 21 else 22 end as __pace__code,
        case when __row = 1 then 0 when __gap = 0 then 1 else 2 end as __moved__code
    from measured
),
"together" as (
    select
        "lab_id",
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
        "test__prev",
        "value__last",
        "value__fine",
        __start__code as "days__start",
        __gap__code as "days__gap",
        list_extract([0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 8, 9, 9, 10, 10, 10, 11, 11], "days__code" + 1) as "days",
        list_extract([0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6, 7, 8, 8, 9, 9, 10, 10, 11], __rest__code + 1) as "lab__rest",
        __left__code as "days__left",
        __pace__code as "days__pace",
        __moved__code as "days__moved",
        "test__code" as "test",
        list_extract([0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 8, 9, 9], "value__code" + 1) as "value__coarse",
        "value__code" as "value",
        case when __start is not null then __start__code * 4 + greatest(0, least((__start - list_extract([-10000, -9400, -8800, -8200, -7600, -7000, -6400, -5800, -5200, -4600, -4000, -3400, -2800, -2200, -1600, -1000, -400, 200, 800, 1400, 2000, 2600, 3200, 3800, 4400, 5000, 5600, 6200, 6800, 7400]::bigint[], __start__code + 1)) * list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], __start__code + 1) // (list_extract([-9400, -8800, -8200, -7600, -7000, -6400, -5800, -5200, -4600, -4000, -3400, -2800, -2200, -1600, -1000, -400, 200, 800, 1400, 2000, 2600, 3200, 3800, 4400, 5000, 5600, 6200, 6800, 7400, 8001]::bigint[], __start__code + 1) - list_extract([-10000, -9400, -8800, -8200, -7600, -7000, -6400, -5800, -5200, -4600, -4000, -3400, -2800, -2200, -1600, -1000, -400, 200, 800, 1400, 2000, 2600, 3200, 3800, 4400, 5000, 5600, 6200, 6800, 7400]::bigint[], __start__code + 1)), list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], __start__code + 1) - 1)) end as "days__start__fine",
        case when __gap is not null then __gap__code * 4 + greatest(0, least(cast(floor((__stride - list_extract([0, 0, 0.00390625, 0.006466822499100084, 0.010705867068125966, 0.0177236331593041, 0.02934159095817832, 0.04857519630534122, 0.08041655612558947, 0.1331301361799953, 0.22039781374900524, 0.3648700264203614, 0.6040447222022234, 0.9999999999999996, 1.6555065597696208, 2.7407019694402464, 4.537250088781849, 7.511447285293648, 12.435250254167348, 20.586638368150897, 34.081314862078784, 56.42184031974532, 93.4067267636125, 154.63544888376916, 255.99999999999983]::double[], __gap__code + 1)) * list_extract([1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], __gap__code + 1) / (case when list_extract([0, 0.00390625, 0.006466822499100084, 0.010705867068125966, 0.0177236331593041, 0.02934159095817832, 0.04857519630534122, 0.08041655612558947, 0.1331301361799953, 0.22039781374900524, 0.3648700264203614, 0.6040447222022234, 0.9999999999999996, 1.6555065597696208, 2.7407019694402464, 4.537250088781849, 7.511447285293648, 12.435250254167348, 20.586638368150897, 34.081314862078784, 56.42184031974532, 93.4067267636125, 154.63544888376916, 255.99999999999983, 256]::double[], __gap__code + 1) > list_extract([0, 0, 0.00390625, 0.006466822499100084, 0.010705867068125966, 0.0177236331593041, 0.02934159095817832, 0.04857519630534122, 0.08041655612558947, 0.1331301361799953, 0.22039781374900524, 0.3648700264203614, 0.6040447222022234, 0.9999999999999996, 1.6555065597696208, 2.7407019694402464, 4.537250088781849, 7.511447285293648, 12.435250254167348, 20.586638368150897, 34.081314862078784, 56.42184031974532, 93.4067267636125, 154.63544888376916, 255.99999999999983]::double[], __gap__code + 1) then list_extract([0, 0.00390625, 0.006466822499100084, 0.010705867068125966, 0.0177236331593041, 0.02934159095817832, 0.04857519630534122, 0.08041655612558947, 0.1331301361799953, 0.22039781374900524, 0.3648700264203614, 0.6040447222022234, 0.9999999999999996, 1.6555065597696208, 2.7407019694402464, 4.537250088781849, 7.511447285293648, 12.435250254167348, 20.586638368150897, 34.081314862078784, 56.42184031974532, 93.4067267636125, 154.63544888376916, 255.99999999999983, 256]::double[], __gap__code + 1) - list_extract([0, 0, 0.00390625, 0.006466822499100084, 0.010705867068125966, 0.0177236331593041, 0.02934159095817832, 0.04857519630534122, 0.08041655612558947, 0.1331301361799953, 0.22039781374900524, 0.3648700264203614, 0.6040447222022234, 0.9999999999999996, 1.6555065597696208, 2.7407019694402464, 4.537250088781849, 7.511447285293648, 12.435250254167348, 20.586638368150897, 34.081314862078784, 56.42184031974532, 93.4067267636125, 154.63544888376916, 255.99999999999983]::double[], __gap__code + 1) else 1 end)) as bigint), list_extract([1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], __gap__code + 1) - 1)) end as "days__gap__fine"
    from timed
)

select
    "lab_id",
    "patient_id",
    "__patient",
    "__row",
    cast("patient__age" as smallint) as "patient__age",
    cast("patient__male" as smallint) as "patient__male",
    cast("patient__weight" as smallint) as "patient__weight",
    cast("patient__height" as smallint) as "patient__height",
    cast("patient__case_id" as smallint) as "patient__case_id",
    cast("patient__futime" as smallint) as "patient__futime",
    cast("patient__status" as smallint) as "patient__status",
    cast("patient__lab__count" as smallint) as "patient__lab__count",
    cast("patient__event__count" as smallint) as "patient__event__count",
    cast("days__start" as smallint) as "days__start",
    cast("days__gap" as smallint) as "days__gap",
    cast("days" as smallint) as "days",
    cast("days__prev" as smallint) as "days__prev",
    cast("lab__rest" as smallint) as "lab__rest",
    cast("days__left" as smallint) as "days__left",
    cast("days__pace" as smallint) as "days__pace",
    cast("test__prev" as smallint) as "test__prev",
    cast("days__moved" as smallint) as "days__moved",
    cast("test" as smallint) as "test",
    cast("value__coarse" as smallint) as "value__coarse",
    cast("value__last" as smallint) as "value__last",
    cast("value" as smallint) as "value",
    cast("days__start__fine" as smallint) as "days__start__fine",
    cast("days__gap__fine" as smallint) as "days__gap__fine",
    cast("value__fine" as smallint) as "value__fine"
from together
