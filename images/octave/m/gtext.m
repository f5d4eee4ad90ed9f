% Nobody can click.
function varargout = gtext (varargin)
  __nobody__ ('a place is asked for', 'use text (x, y, ...)');
endfunction
