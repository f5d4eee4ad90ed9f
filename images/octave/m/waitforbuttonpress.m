% Nobody can click.
function varargout = waitforbuttonpress (varargin)
  __nobody__ ('a click is waited for', 'leave the call out');
endfunction
