/* SPDX-License-Identifier: BSD-3-Clause */
/* Findings: gathered, sorted; the order of the analyses. */
#include "analyze.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "jsontext.h"
#include "sl_snap_build.h"

#define FINDINGS_MAX 10000u

const char *severity_name(enum severity s)
{
	static const char *const names[] = {[SEVERITY_INFO] = "info",
					    [SEVERITY_WARNING] = "warning",
					    [SEVERITY_ERROR] = "error"};

	return names[s];
}

void finding(json_t *list, enum severity s, const char *code, const char *object, const char *file,
	     int line, const char *fmt, ...)
{
	char at[300] = "", text[SL_ERR_TEXT_MAX];
	va_list ap;

	if (json_array_size(list) >= FINDINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (file != NULL && file[0] != '\0')
		snprintf(at, sizeof(at), "%s:%d", file, line);
	json_array_append_new(list,
			      json_pack("{s:s, s:s, s:o, s:o, s:o}", "severity", severity_name(s),
					"code", code, "object", json_text(object), "at",
					json_text(at), "message", json_text(text)));
}

enum severity finding_severity(const json_t *f)
{
	const char *s = json_string_value(json_object_get(f, "severity"));

	return s[0] == 'e' ? SEVERITY_ERROR : s[0] == 'w' ? SEVERITY_WARNING : SEVERITY_INFO;
}

static int order(const void *a, const void *b)
{
	static const char *const keys[] = {"at", "code", "message"};
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int c = (int)finding_severity(y) - (int)finding_severity(x);

	for (size_t i = 0; c == 0 && i < SL_ARRAY_LEN(keys); i++)
		c = strverscmp(json_string_value(json_object_get(x, keys[i])),
			       json_string_value(json_object_get(y, keys[i])));
	return c;
}

static int sort(json_t *list)
{
	size_t n = json_array_size(list);
	json_t **f = calloc(n + 1, sizeof(json_t *));

	if (f == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		f[i] = json_incref(json_array_get(list, i));
	qsort(f, n, sizeof(json_t *), order);
	json_array_clear(list);
	for (size_t i = 0; i < n; i++) {
		/* A host on two listeners finds everything twice. */
		if (i == 0 || !json_equal(f[i - 1], f[i]))
			json_array_append(list, f[i]);
	}
	for (size_t i = 0; i < n; i++)
		json_decref(f[i]);
	free(f);
	return 0;
}

/* "file:line: sentence" as errors and warnings are written. */
static void add_text(json_t *list, enum severity s, const char *code, const char *text)
{
	const char *colon = strstr(text, ": ");
	const char *number = colon;
	char file[256];

	while (number != NULL && number > text && number[-1] >= '0' && number[-1] <= '9')
		number--;
	if (number == NULL || number == colon || number == text || number[-1] != ':') {
		finding(list, s, code, "", NULL, 0, "%s", text);
		return;
	}
	snprintf(file, sizeof(file), "%.*s", (int)(number - 1 - text), text);
	finding(list, s, code, "", file, (int)strtol(number, NULL, 10), "%s", colon + 2);
}

int analyze(const struct sl_conf *conf, const struct sl_objects *objects, json_t *list)
{
	struct sl_model *model = sl_model_create();
	struct sl_err err = {""};
	int rc = model != NULL ? 0 : -ENOMEM;

	if (rc == 0)
		rc = analyze_objects(objects, list);
	if (rc == 0 && compile_model(conf, objects, model, &err) < 0)
		add_text(list, SEVERITY_ERROR, "refused", err.text);
	else if (rc == 0)
		rc = analyze_model(model, list);
	for (size_t i = 0; rc == 0 && i < sl_objects_warning_count(objects); i++)
		add_text(list, SEVERITY_WARNING, "not-served", sl_objects_warning_at(objects, i));
	sl_model_free(model);
	return rc == 0 ? sort(list) : rc;
}
