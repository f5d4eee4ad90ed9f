% The last that every Octave of this image does before it comes to its program: one that was started ahead of its
% job waits for that here. Random numbers follow the seed of the run.
function __simulay_job__ ()
  % Octave comes here again whenever its path is set anew; a program must not lose its random numbers over that.
  persistent begun = false;
  mlock ();
  if (begun)
    return;
  endif
  begun = true;
  __simulay_leave__ ();
  forks = ! isempty (getenv ("SIMULAY_FORK"));
  ahead = forks || ! isempty (getenv ("SIMULAY_BOOT"));
  if (ahead)
    get_ready ();
  endif
  if (forks)
    % Every job goes on from here, each in a process of its own; this one never does.
    unsetenv ("SIMULAY_BOOT");
    __simulay_fork__ ();
  elseif (ahead)
    __simulay_leave__ ("ahead", "share");
    __simulay_wait__ ();
  endif
  seed (getenv ("SIM_SEED"), ahead);
endfunction

% Does all that there is to do without a job. Nothing may look for its files yet.
function get_ready ()
  unsetenv ("SIMULAY_FORK");
  if (! waits_for_files (argv ()))
    kill (getpid (), SIG ().KILL);
  endif
  % Octave read a dozen functions to learn their options, which it keeps. It would free them at its end.
  clear ("-functions");
  % Octave ends with these, and has read them by then; a program may have others of their names.
  close ("all");
  __simulay_close__ ();
  __simulay_end__ (true);
  __simulay_leave__ ("ahead");
  clear ("-functions", "close", "isfigure");
  % Each generator builds its tables at its first use.
  seed ("0", false);
  unsetenv ("SIM_SEED_TAKEN");
endfunction

% False for options by which Octave looks at files before it comes here, and for those that nobody uses here.
function waits = waits_for_files (arguments)
  waits = false;
  for k = 1:numel (arguments)
    argument = arguments{k};
    if (strcmp (argument, "--eval") || isempty (argument) || argument(1) != "-")
      % What follows is for the program.
      waits = true;
      return;
    endif
    plain = {"--quiet", "--silent", "--norc", "--no-history", "--no-window-system", "--no-gui", ...
             "--no-line-editing", "--no-init-file", "--no-init-all", "--no-site-file"};
    if (isempty (regexp (argument, "^-[qfHW]+$", "once")) && ! any (strcmp (argument, plain)))
      return;
    endif
  endfor
endfunction

% Each generator has a sequence of its own, and so has each Octave that the first one starts.
function seed (text, used)
  generators = {@rand, @randn, @rande, @randg, @randp};
  if (isempty (text))
    if (used)
      cellfun (@(generator) generator ("twister", "reset"), generators);
    endif
    return;
  endif
  if (! isempty (getenv ("SIM_SEED_TAKEN")))
    text = hash ("sha256", strjoin ([{text}; argv()].', "\n"));
  endif
  setenv ("SIM_SEED_TAKEN", "1");
  for k = 1:numel (generators)
    generators{k}("twister", [k, double(text)]);
  endfor
endfunction
