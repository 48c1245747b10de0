/* SPDX-License-Identifier: BSD-3-Clause */
/* Error text of control code, set where a fault was noticed and printed once by the program. */
#include "sl_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int sl_err(struct sl_err *err, int code, const char *fmt, ...)
{
	char text[SL_ERR_TEXT_MAX];
	va_list ap;

	if (!err)
		return -code;
	/* By way of a copy: the old text may be an argument of the new one. */
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	memcpy(err->text, text, sizeof(text));
	return -code;
}

void sl_err_prefix(struct sl_err *err, const char *fmt, ...)
{
	char text[SL_ERR_TEXT_MAX];
	size_t used, rest;
	va_list ap;
	int n;

	if (!err)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n <= 0)
		return;
	used = strlen(text);
	rest = strnlen(err->text, sizeof(err->text));
	if (rest > sizeof(text) - 1 - used)
		rest = sizeof(text) - 1 - used;
	memcpy(text + used, err->text, rest);
	text[used + rest] = '\0';
	memcpy(err->text, text, used + rest + 1);
}
