/* SPDX-License-Identifier: BSD-3-Clause */
/* history, rollback, confirm: earlier configurations and the way back. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sluicectl.h"

static long long number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static void print_history(const json_t *epochs)
{
	struct table *t = table_create(5, 3);
	const json_t *e;
	size_t i;

	table_row(t, (const char *[]){"EPOCH", "TIME", "CAUSE", "OBJECTS", "IN USE"});
	json_array_foreach(epochs, i, e)
	{
		time_t s = (time_t)(number(e, "wall_us") / 1000000);
		char epoch[24], when[32] = "", objects[48];
		struct tm tm;

		snprintf(epoch, sizeof(epoch), "%lld", number(e, "epoch"));
		if (localtime_r(&s, &tm) != NULL)
			strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
		snprintf(objects, sizeof(objects), "%lld",
			 number(e, "manifests") + number(e, "applied"));
		table_row(t, (const char *[]){
				     epoch, when, json_string_value(json_object_get(e, "cause")),
				     objects,
				     json_is_true(json_object_get(e, "in_use"))   ? "*"
				     : json_is_true(json_object_get(e, "pinned")) ? "files pinned"
										  : ""});
	}
	table_print(t);
}

int cmd_history(struct ctl *ctl, int argc, char **argv)
{
	enum output out = OUT_SHORT;
	json_t *answer;
	int rc;

	rc = ctl_output_option(ctl, argc, argv, &out);
	if (rc == 0 && optind < argc)
		rc = ctl_usage(ctl, "history takes no argument \"%s\".", argv[optind]) + 1;
	if (rc != 0)
		return rc - 1;
	rc = ctl_call(ctl, json_pack("{s:s}", "cmd", "history"), &answer);
	if (rc != EXIT_OK)
		return rc;
	if (out == OUT_JSON)
		out_json(json_object_get(answer, "epochs"));
	else
		print_history(json_object_get(answer, "epochs"));
	json_decref(answer);
	return EXIT_OK;
}

/* An epoch as an argument; 0 and a message when it is none. */
static long long epoch_of(struct ctl *ctl, const char *word)
{
	char *end;
	long long n = strtoll(word, &end, 10);

	if (*end == '\0' && n > 0)
		return n;
	ctl_usage(ctl, "\"%s\" is no epoch; `sluicectl history` shows them.", word);
	return 0;
}

int cmd_rollback(struct ctl *ctl, int argc, char **argv)
{
	int rc = ctl_arguments(ctl, argc, argv, 1);
	long long epoch;

	if (rc != 0)
		return rc - 1;
	epoch = epoch_of(ctl, argv[optind]);
	if (epoch == 0)
		return EXIT_USAGE;
	return ctl_change(ctl,
			  json_pack("{s:s, s:I}", "cmd", "rollback", "epoch", (json_int_t)epoch),
			  "rolled back");
}

int cmd_confirm(struct ctl *ctl, int argc, char **argv)
{
	int rc = ctl_arguments(ctl, argc, argv, 0);

	return rc != 0 ? rc - 1
		       : ctl_change(ctl, json_pack("{s:s}", "cmd", "confirm"), "confirmed");
}

/* ---- diff ---- */

static void print_object(const json_t *o)
{
	const char *from = json_string_value(json_object_get(o, "from"));
	const char *to = json_string_value(json_object_get(o, "to"));

	printf("--- %s%s\n+++ %s%s\n", json_string_value(json_object_get(o, "object")),
	       from == NULL ? " (not there)" : "", json_string_value(json_object_get(o, "object")),
	       to == NULL ? " (not there)" : "");
	lines_diff(from != NULL ? from : "", to != NULL ? to : "");
}

static int diff(struct ctl *ctl, json_t *request, enum output out)
{
	json_t *answer, *list, *o;
	size_t i;
	int rc = ctl_call(ctl, request, &answer);

	if (rc != EXIT_OK)
		return rc == EXIT_REFUSED ? EXIT_DIFF_FAILED : rc;
	list = json_object_get(answer, "objects");
	rc = json_array_size(list) > 0 ? EXIT_DIFFERENT : EXIT_OK;
	if (out == OUT_JSON)
		out_json(list);
	else
		json_array_foreach(list, i, o) print_object(o);
	json_decref(answer);
	return rc;
}

int cmd_diff(struct ctl *ctl, int argc, char **argv)
{
	static const char *const names[] = {"from", "to"};
	json_t *request = json_pack("{s:s}", "cmd", "diff");
	enum output out = OUT_SHORT;
	int rc;

	rc = ctl_output_option(ctl, argc, argv, &out);
	if (rc == 0 && argc - optind > 2)
		rc = ctl_usage(ctl, "Say no epoch, one or two.") + 1;
	for (int i = 0; rc == 0 && optind + i < argc; i++) {
		long long epoch = epoch_of(ctl, argv[optind + i]);

		rc = epoch == 0 ? EXIT_USAGE + 1 : 0;
		json_object_set_new(request, names[i], json_integer((json_int_t)epoch));
	}
	if (rc != 0) {
		json_decref(request);
		return rc - 1;
	}
	return diff(ctl, request, out);
}
