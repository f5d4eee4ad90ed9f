% What every Octave of this image ends with. Octave crashes at its end over figures whose handles are hidden.
function __simulay_end__ (ahead = false)
  if (ahead)
    % It is read now.
    return;
  endif
  __simulay_close__ ();
  % Octave closes all figures once more after it forgot what it read: it need not read again how.
  eval ("function close (varargin) mlock (); endfunction");
  close ();
endfunction
