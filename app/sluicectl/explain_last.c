/* SPDX-License-Identifier: BSD-3-Clause */
/* explain --last: the newest requests that clients really sent, each explained. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluicectl.h"

#define LAST_MAX 1000

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* One recorded request, asked for where its client sent it. */
static int explain(const struct ctl *ctl, const json_t *head, json_t *all, enum output out)
{
	json_t *request = json_pack(
		"{s:s, s:O, s:O, s:O, s:O, s:O, s:O}", "cmd", "explain", "recent",
		json_object_get(head, "id"), "address", json_object_get(head, "address"), "port",
		json_object_get(head, "port"), "method", json_object_get(head, "method"), "host",
		json_object_get(head, "host"), "target", json_object_get(head, "path"));
	long long status = (long long)json_integer_value(json_object_get(head, "status"));
	json_t *answer;
	int rc = ctl_call(ctl, request, &answer);

	if (rc != EXIT_OK)
		return rc;
	if (out == OUT_JSON) {
		json_object_del(answer, "ok");
		json_object_set(answer, "recorded", (json_t *)(uintptr_t)head);
		json_array_append(all, answer);
	} else {
		printf("%s %s%s", text(head, "method"), text(head, "host"), text(head, "path"));
		if (status != 0)
			printf(" was answered %lld", status);
		puts(json_is_true(json_object_get(head, "cut")) ? " (longer than shown)" : "");
		explain_print(answer);
		putchar('\n');
	}
	json_decref(answer);
	return EXIT_OK;
}

static int ask(const struct ctl *ctl, long n, const char *host, enum output out)
{
	json_t *request = json_pack("{s:s, s:i, s:s*}", "cmd", "recent", "n", (int)n, "host", host);
	json_t *answer, *head, *all = json_array();
	int rc = ctl_call(ctl, request, &answer);
	size_t i;

	if (rc != EXIT_OK) {
		json_decref(all);
		return rc;
	}
	json_array_foreach(json_object_get(answer, "requests"), i, head)
	{
		if (rc == EXIT_OK)
			rc = explain(ctl, head, all, out);
	}
	if (rc == EXIT_OK && out == OUT_JSON)
		out_json(all);
	if (rc == EXIT_OK && json_array_size(json_object_get(answer, "requests")) == 0)
		rc = ctl_fail(EXIT_REFUSED, "No such request came in the last minute.");
	json_decref(all);
	json_decref(answer);
	return rc;
}

int explain_last(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"last", optional_argument, NULL, 'l'},
					      {"output", required_argument, NULL, 'o'},
					      {"host", required_argument, NULL, 'H'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	enum output out = OUT_SHORT;
	const char *host = NULL;
	char *end = NULL;
	int opt, rc = 0;
	long n = 1;

	while (rc == 0 && (opt = getopt_long(argc, argv, CTL_OPTS "o:H:", longs, NULL)) != -1) {
		if (opt == 'l')
			n = optarg != NULL ? strtol(optarg, &end, 10) : 1;
		else if (opt == 'H')
			host = optarg;
		else if (opt == 'o')
			rc = out_parse(ctl, optarg, "short|json", &out) ? EXIT_USAGE + 1 : 0;
		else
			rc = ctl_option(ctl, opt, optarg);
	}
	if (rc == 0 && ((end != NULL && *end != '\0') || n < 1 || n > LAST_MAX))
		rc = ctl_usage(ctl, "--last takes a number from 1 to %d.", LAST_MAX) + 1;
	if (rc == 0 && optind < argc)
		rc = ctl_usage(ctl, "With --last no URL is said.") + 1;
	return rc != 0 ? rc - 1 : ask(ctl, n, host, out);
}
