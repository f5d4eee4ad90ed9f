% What every Octave of this image ends with. Octave crashes at its end over figures whose handles are hidden.
function __simulay_end__ (ahead = false)
  % Otherwise it is only read, before there is a job.
  if (! ahead)
    __simulay_close__ ();
  endif
endfunction
