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
  place = getenv ("SIMULAY_BOOT");
  if (! isempty (getenv ("SIMULAY_FORK")))
    get_ready ();
    % Every job goes on from here, each in a process of its own; this one never does.
    __simulay_fork__ ();
  elseif (! isempty (place))
    get_ready ();
    wait (place);
  endif
  seed (getenv ("SIM_SEED"));
endfunction

% Does all that there is to do without a job. Nothing may look for its files yet.
function get_ready ()
  unsetenv ("SIMULAY_BOOT");
  unsetenv ("SIMULAY_FORK");
  if (! waits_for_files (argv ()))
    kill (getpid (), SIG ().KILL);
  endif
  % Octave ends with these, and has read them by then.
  close ("all");
  __simulay_end__ ();
endfunction

% Reads the variables of the job once there is one. Its files come before.
function wait (place)
  job = fopen (place, "r");
  text = fread (job, Inf, "uint8=>char").';
  fclose (job);
  ends = find (text == "\0");
  begins = [1, ends(1:end-1) + 1];
  for k = 1:numel (ends)
    entry = text(begins(k):ends(k)-1);
    equals = find (entry == "=", 1);
    setenv (entry(1:equals-1), entry(equals+1:end));
  endfor
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
function seed (text)
  if (isempty (text))
    return;
  endif
  if (! isempty (getenv ("SIM_SEED_TAKEN")))
    text = hash ("sha256", strjoin ([{text}; argv()].', "\n"));
  endif
  setenv ("SIM_SEED_TAKEN", "1");
  generators = {@rand, @randn, @rande, @randg, @randp};
  for k = 1:numel (generators)
    generators{k}("twister", [k, double(text)]);
  endfor
endfunction
