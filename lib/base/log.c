/* SPDX-License-Identifier: BSD-3-Clause */
/* Log of the programs: plain sentences on standard error, one write a line. */
#include "sl_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static const char *log_program = "sluice";
static enum sl_log_level log_level = SL_LOG_INFO;

void sl_log_init(const char *program, enum sl_log_level level)
{
	__atomic_store_n(&log_program, program, __ATOMIC_RELAXED);
	__atomic_store_n(&log_level, level, __ATOMIC_RELAXED);
}

/** What stands before the sentence: information needs no mark. */
static const char *level_mark(enum sl_log_level level)
{
	switch (level) {
	case SL_LOG_ERROR:
		return "error: ";
	case SL_LOG_WARN:
		return "warning: ";
	case SL_LOG_DEBUG:
		return "debug: ";
	case SL_LOG_INFO:
		break;
	}
	return "";
}

/* One call, so that the lines of threads and processes on one terminal don't mix. */
static void write_line(const char *line, size_t n)
{
	while (n) {
		ssize_t done = write(STDERR_FILENO, line, n);

		if (done <= 0)
			return; /* nowhere left to complain */
		line += done;
		n -= (size_t)done;
	}
}

void sl_log(enum sl_log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;
	size_t n;

	if (level > __atomic_load_n(&log_level, __ATOMIC_RELAXED))
		return;
	snprintf(line, sizeof(line) - 1, "%s: %s", __atomic_load_n(&log_program, __ATOMIC_RELAXED),
		 level_mark(level));
	n = strlen(line);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - 1 - n, fmt, ap);
	va_end(ap);
	n = strlen(line);
	/* Text quoted from files and peers must not look like another line of ours. */
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	write_line(line, n);
}
