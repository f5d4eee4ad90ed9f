% Nobody can be asked.
function varargout = questdlg (varargin)
  __nobody__ ('an answer is asked for', 'put the value into params.json and read it: p = jsondecode (fileread ("params.json"))');
endfunction
