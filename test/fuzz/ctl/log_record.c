/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a message of a log ring: one line of plain ASCII, or refused. */
#include <stdlib.h>

#include "sl_ctl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[SL_LOG_LINE_MAX];
	void *message;
	int n;

	if (size == 0 || size > SL_CTL_LOG_SIZE - 4)
		return 0;
	/* As long as the message and aligned as in a ring, so that ASan sees what lies behind. */
	message = malloc(size);
	if (!message)
		return 0;
	memcpy(message, data, size);
	n = sl_log_format_istio(message, size, line, sizeof(line));
	if (n < 0 ? line[0] != '\0' : line[n - 1] != '\n' || strlen(line) != (size_t)n)
		abort();
	for (int i = 0; i < n - 1; i++)
		if (line[i] < ' ' || line[i] > '~')
			abort();
	free(message);
	return 0;
}
