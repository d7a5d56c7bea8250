-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with source as (
    select * from {{ ref('int_omop_measurement') }}
),
typed as (
    select
        case when try_cast("measurement_id" as double) = floor(try_cast("measurement_id" as double)) then try_cast("measurement_id" as bigint) end as "measurement_id",
        case when try_cast("visit_id" as double) = floor(try_cast("visit_id" as double)) then try_cast("visit_id" as bigint) end as "visit_id",
        try_cast("concept" as varchar) as "concept"
    from source
),
inside as (
    select
        "measurement_id",
        "visit_id",
        case when cast("concept" as varchar) in ('3000285', '3000330', '3000348', '3000483', '3000876', '3000905', '3000963', '3001247', '3001488', '3001802', '3002385', '3002736', '3004249', '3004295', '3004410', '3004501', '3005136', '3005456', '3005897', '3006322', '3006451', '3006513', '3006734', '3006906', '3006923', '3007070', '3007461', '3007876', '3008204', '3008598', '3009201', '3009261', '3009542', '3009744', '3009966', '3010813', '3011397', '3011505', '3012030', '3012494', '3012888', '3013603', '3013682', '3013721', '3014051', '3014094', '3014576', '3014599', '3014902', '3015076', '3015182', '3015632', '3016723', '3018572', '3018834', '3019406', '3019550', '3020416', '3020630', '3020655', '3021226', '3021601', '3022192', '3022621', '3023103', '3023314', '3023430', '3023539', '3023599', '3024128', '3024561', '3024629', '3024731', '3024929', '3025315', '3026361', '3027114', '3027162', '3027231', '3027970', '3028833', '3030315', '3031569', '3032503', '3035350', '3035995', '3036277', '3036780', '3038553', '3043111', '3045716', '3049273', '3051825', '4014117', '4015052', '4018595', '4018603', '4024509', '4024958', '4055982', '4060266', '4062501', '4064377', '4078285', '4091461', '4102154', '4133840', '4136494', '4149386', '4149631', '4151408', '4151422', '4168615', '4191851', '4191853', '4258677', '4301557', '4304821', '21494966', '40761014', '40769179', '40769184', '40769189', '40769194', '43055141', '44786664', '46236952') then "concept" end as "concept"
    from typed
),
complete as (
    select * from inside
    where "measurement_id" is not null and "visit_id" is not null
),
keyed as (
    select "measurement_id", "visit_id", "concept" from complete
    qualify row_number() over (partition by "visit_id", "measurement_id" order by "measurement_id", "visit_id", "concept") = 1
),
"visit__above" as (
    select * from {{ ref('omop__bounded_visit') }}
),
"person__above" as (
    select * from {{ ref('omop__bounded_person') }}
),
lawful as (
    select "measurement"."measurement_id", "measurement"."visit_id", "measurement"."concept"
    from keyed as "measurement"
    join "visit__above" as "visit" on "measurement"."visit_id" = "visit"."visit_id"
    join "person__above" as "person" on "visit"."person_id" = "person"."person_id"
),
bounded as (
    select * from lawful
    qualify row_number() over (partition by "visit_id" order by "measurement_id", "visit_id", "concept") <= 16
)

select "measurement_id", "visit_id", "concept"
from bounded
