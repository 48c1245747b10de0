/* SPDX-License-Identifier: BSD-3-Clause */
/* What is said when mapped memory has lost its file. */
#include "sl_bus.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *said;

/* Once only: the access that follows is the end. */
static void on_bus(int sig)
{
	ssize_t n = write(STDERR_FILENO, said, strlen(said));

	(void)n;
}

void sl_bus_explain(const char *text)
{
	struct sigaction sa = {.sa_handler = on_bus, .sa_flags = (int)SA_RESETHAND};

	said = text;
	sigaction(SIGBUS, &sa, NULL);
}
