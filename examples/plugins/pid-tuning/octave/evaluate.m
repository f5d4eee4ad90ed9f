% One controller at one plant.
pkg load control
p = jsondecode(fileread("params.json"));
write_json("loop.json", loop_of(p.plant, p.controller));
