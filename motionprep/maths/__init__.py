"""The mathematics of the stages: functions of arrays, takes and markers that know nothing of recipes."""
