/* The variables of a job, as `simulay-init` writes them: NAME=VALUE and a zero byte each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The most that a job says is half of it. */
enum { MOST_BYTES = 64 << 10 };

/* Sets what is read from `place` until its end. */
static int
take_variables (int place)
{
  char *text = malloc (MOST_BYTES + 1), *end = text;
  ssize_t got = 1;
  while (text && got > 0 && end < text + MOST_BYTES)
    {
      while ((got = read (place, end, text + MOST_BYTES - end)) < 0 && errno == EINTR)
        ;
      end += got > 0 ? got : 0;
    }
  if (! text || got != 0)
    return -1;
  *end = '\0';
  for (char *entry = text; entry < end; )
    {
      char *next = entry + strlen (entry) + 1, *equals = strchr (entry, '=');
      if (! equals)
        return -1;
      *equals = '\0';
      if (setenv (entry, equals + 1, 1))
        return -1;
      entry = next;
    }
  free (text);
  return 0;
}
