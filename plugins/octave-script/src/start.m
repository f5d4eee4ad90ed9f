% Starts the caller's program; its path comes as data.
addpath(genpath(pwd()));
source(strtrim(fileread(fullfile(".simulay", "entry.txt"))));
