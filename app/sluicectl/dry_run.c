/* SPDX-License-Identifier: BSD-3-Clause */
/* What `apply --dry-run` found out, printed. */
#include <stdio.h>

#include "sluicectl.h"

#define LINES_MAX 100u /* of one list; -o json has all */

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static long long number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static void print_list(const char *what, const char *verb, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (i == LINES_MAX) {
			printf("... and %zu more %ss %s\n", json_array_size(list) - i, what, verb);
			return;
		}
		printf("%s %s: %s\n", what, verb, json_string_value(item));
	}
}

static void print_kind(const char *what, const json_t *found)
{
	static const char *const verbs[] = {"added", "removed", "changed"};

	for (size_t i = 0; i < SL_ARRAY_LEN(verbs); i++)
		print_list(what, verbs[i], json_object_get(found, verbs[i]));
}

static void print_shadowed(const json_t *list)
{
	const json_t *s;
	size_t i;

	json_array_foreach(list, i, s)
	{
		if (i == LINES_MAX) {
			printf("... and %zu more routes shadowed\n", json_array_size(list) - i);
			return;
		}
		printf("route shadowed: %s %s at %s is never reached: %s takes it all\n",
		       text(s, "vhost"), text(s, "path"), text(s, "at"), text(s, "by"));
	}
}

static void print_requests(const json_t *rq)
{
	const json_t *g;
	size_t i;

	if (rq == NULL)
		return;
	printf("requests: %lld of the %lld played would go elsewhere (of %lld in the last "
	       "minute)\n",
	       number(rq, "elsewhere"), number(rq, "played"), number(rq, "seen"));
	json_array_foreach(json_object_get(rq, "groups"), i, g) printf(
		"  %lld x from %s to %s, such as %s %s%s\n", number(g, "count"), text(g, "from"),
		text(g, "to"), text(g, "method"), text(g, "host"), text(g, "path"));
	json_array_foreach(json_object_get(rq, "withheld"), i, g)
		printf("  %lld not played: where they go hangs on their %s, whose value is not "
		       "kept\n",
		       number(g, "count"), text(g, "field"));
}

int dry_run_print(const struct ctl *ctl, json_t *request, enum output out)
{
	json_t *answer;
	int rc;

	json_object_set_new(request, "dry_run", json_true());
	rc = ctl_call(ctl, request, &answer);
	if (rc != EXIT_OK)
		return rc;
	json_object_del(answer, "ok");
	if (out == OUT_JSON) {
		out_json(answer);
	} else {
		documents_report(answer);
		print_kind("route", json_object_get(answer, "routes"));
		print_kind("cluster", json_object_get(answer, "clusters"));
		print_shadowed(json_object_get(answer, "shadowed"));
		print_requests(json_object_get(answer, "requests"));
		puts("nothing was changed");
	}
	json_decref(answer);
	return EXIT_OK;
}
