/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a message of a log ring: one line of plain ASCII in each format, or refused. */
#include <stdlib.h>

#include "sl_log_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *line, int n)
{
	if (n < 0 ? line[0] != '\0' : line[n - 1] != '\n' || strlen(line) != (size_t)n)
		abort();
	for (int i = 0; i < n - 1; i++)
		if (line[i] < ' ' || line[i] > '~')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"istio", "json", "combined",
		"%START_TIME(%s)% %REQ(REFERER):3% \"%REQ(:PATH)%\" %SLUICE_ACCEPT_US% %%"};
	static struct sl_log_format *format[SL_ARRAY_LEN(names)];
	static char line[SL_LOG_LINE_MAX];
	void *message;

	if (size == 0 || size > SL_CTL_LOG_SIZE - 4)
		return 0;
	/* As long as the message and aligned as in a ring, so that ASan sees what lies behind. */
	message = malloc(size);
	if (!message)
		return 0;
	memcpy(message, data, size);
	for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
		if (!format[i] && sl_log_format_parse(names[i], &format[i], NULL) < 0)
			abort();
		check_line(line, sl_log_format_write(format[i], message, size, line, sizeof(line)));
	}
	free(message);
	return 0;
}
