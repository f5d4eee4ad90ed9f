% Nobody can click.
function varargout = ginput (varargin)
  __nobody__ ('points are asked for', 'put the value into params.json and read it: p = jsondecode (fileread ("params.json"))');
endfunction
