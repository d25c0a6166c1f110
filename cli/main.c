/* accelpipe, the command line program: a front end that sees the public headers only. */
#include "command.h"
#include "diag.h"
#include "out.h"

#include <fcntl.h>
#include <unistd.h>

/* A closed standard descriptor would be given to the next file that is opened, and what is printed would go
 * into it. In its place comes one that cannot be written, or read, so that doing so is an error. */
static void occupy_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(CLI_EXIT_FAILED);
}

static int finish(int exit_status) {
    ap_error err = AP_ERROR_INIT;
    if (!cli_out_finish(&err)) return exit_status;
    if (!cli_out_is_broken_pipe()) cli_report(&err);
    return exit_status ? exit_status : CLI_EXIT_FAILED;
}

int main(int argc, char **argv) {
    occupy_standard_descriptors();
    cli_diag_set_verbosity(CLI_NORMAL);
    int exit_status = finish(cli_command_dispatch(argc, argv));
    if (!CLI_FREES_AT_END) _exit(exit_status); /* Nor do runtimes tidy up behind us. */
    return exit_status;
}
