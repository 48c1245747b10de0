/* SPDX-License-Identifier: BSD-3-Clause */
/* /stats in its formats, and the regexes of questions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "admin_match.h"
#include "metrics.h"
#include "sl_match.h"

#define REGEX_MAX 512

/* As a regex of the whole name: anchors at the ends of one without alternatives are taken off. */
static char *anywhere(const char *regex)
{
	size_t n = strlen(regex);
	bool plain = strchr(regex, '|') == NULL;
	bool begins = plain && regex[0] == '^';
	bool ends = plain && n > 0 && regex[n - 1] == '$' && (n < 2 || regex[n - 2] != '\\');
	char *text = NULL;

	if (asprintf(&text, "%s(?:%.*s)%s", begins ? "" : ".*", (int)(n - begins - ends),
		     regex + begins, ends ? "" : ".*") < 0)
		return NULL;
	return text;
}

int admin_match_open(struct admin_match *m, const struct question *q, const char *key,
		     struct sl_err *err)
{
	const char *regex = question_get(q, key);
	struct sl_match_pattern p = {.kind = SL_MATCH_REGEX};
	struct sl_err why = {""};
	char *text = NULL;
	size_t len;
	int bad, rc;

	*m = (struct admin_match){0};
	if (regex == NULL || regex[0] == '\0')
		return 0;
	if (strlen(regex) > REGEX_MAX)
		return sl_err(err, EINVAL, "%s is longer than %d bytes.", key, REGEX_MAX);
	text = anywhere(regex);
	if (text == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	p.text = sl_str(text);
	rc = sl_match_compile(&p, 1, &m->db, &len, &bad, &why);
	if (rc == 0)
		rc = sl_match_scratch_grow(&m->scratch, m->db, &why);
	free(text);
	if (rc == 0)
		return 0;
	admin_match_close(m);
	return sl_err(err, EINVAL, "Invalid regex: \"%.200s\": %.200s", regex, why.text);
}

void admin_match_close(struct admin_match *m)
{
	sl_match_scratch_free(m->scratch);
	free(m->db);
	*m = (struct admin_match){0};
}

bool admin_match_wants(struct admin_match *m, const char *name)
{
	return m->db == NULL || sl_match_find(m->db, m->scratch, sl_str(name), 0) != SL_MATCH_NONE;
}

static bool wanted(void *arg, const char *name)
{
	return admin_match_wants(arg, name);
}

static void render(const struct question *q, struct reply *r, const char *format)
{
	struct metrics all;
	struct admin_match filter;
	struct sl_err err = {""};

	if (admin_match_open(&filter, q, "filter", &err) < 0) {
		r->status = 400;
		fprintf(r->out, "%s\n", err.text);
		return;
	}
	metrics_gather(&all, q->c);
	if (question_get(q, "usedonly") != NULL)
		metrics_used_only(&all);
	if (filter.db != NULL)
		metrics_filter(&all, wanted, &filter);
	admin_match_close(&filter);
	if (strcmp(format, "prometheus") == 0) {
		r->type = "text/plain; version=0.0.4; charset=utf-8";
		metrics_prometheus(&all, r->out);
	} else if (strcmp(format, "json") == 0) {
		r->type = "application/json";
		metrics_json(&all, r->out);
	} else {
		metrics_text(&all, r->out);
	}
	metrics_free(&all);
}

void admin_stats(const struct question *q, struct reply *r)
{
	const char *format = question_get(q, "format");

	if (format == NULL || strcmp(format, "text") == 0)
		render(q, r, "text");
	else if (strcmp(format, "json") == 0 || strcmp(format, "prometheus") == 0)
		render(q, r, format);
	else {
		r->status = 400;
		fputs("usage: /stats?format=(text|json|prometheus)\n", r->out);
	}
}

void admin_prometheus(const struct question *q, struct reply *r)
{
	render(q, r, "prometheus");
}
