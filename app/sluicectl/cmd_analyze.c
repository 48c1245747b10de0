/* SPDX-License-Identifier: BSD-3-Clause */
/* analyze: what is allowed but most likely not meant, in files, applied objects and sluice.conf. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "analyze.h"
#include "sluicectl.h"
#include "workspace.h"

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void print_findings(const json_t *list)
{
	static const char *const heads[] = {[SEVERITY_INFO] = "Info",
					    [SEVERITY_WARNING] = "Warning",
					    [SEVERITY_ERROR] = "Error"};
	size_t i, count[SL_ARRAY_LEN(heads)] = {0};
	const json_t *f;

	json_array_foreach(list, i, f)
	{
		const char *object = json_string_value(json_object_get(f, "object"));
		const char *at = json_string_value(json_object_get(f, "at"));
		enum severity s = finding_severity(f);

		count[s]++;
		printf("%s [%s] %s%s%s%s%s\n", heads[s],
		       json_string_value(json_object_get(f, "code")), object, object[0] ? " " : "",
		       at, at[0] ? ": " : "", json_string_value(json_object_get(f, "message")));
	}
	if (json_array_size(list) == 0)
		puts("nothing found");
	else
		printf("%zu error%s, %zu warning%s, %zu info%s\n", count[SEVERITY_ERROR],
		       plural(count[SEVERITY_ERROR]), count[SEVERITY_WARNING],
		       plural(count[SEVERITY_WARNING]), count[SEVERITY_INFO],
		       plural(count[SEVERITY_INFO]));
}

/* Where sluice-control runs it knows which names nobody answers. */
static void find_unresolved(const struct ctl *ctl, const struct sl_objects *objects, json_t *list)
{
	json_t *status = NULL;
	const json_t *name;
	size_t i;

	if (sl_objects_wanted_count(objects) == 0 ||
	    ctl_call_quiet(ctl, json_pack("{s:s}", "cmd", "status"), &status) != EXIT_OK)
		return;
	json_array_foreach(json_object_get(json_object_get(status, "dns"), "list"), i, name)
	{
		const char *text = json_string_value(json_object_get(name, "name"));

		for (size_t k = 0; k < sl_objects_wanted_count(objects); k++) {
			struct sl_name_wanted w = sl_objects_wanted_at(objects, k);

			if (strcmp(w.name, text) == 0)
				finding(list, SEVERITY_WARNING, "unresolved", "", w.file, w.line,
					"the name %s cannot be looked up: %s; it stands for %lld "
					"addresses",
					w.name, json_string_value(json_object_get(name, "why")),
					json_integer_value(json_object_get(name, "addresses")));
		}
	}
	json_decref(status);
}

static int run(const struct ctl *ctl, const json_t *documents, enum severity fail, enum output out)
{
	struct workspace w = {0};
	struct sl_err err = {""};
	json_t *list = json_array(), *f;
	int rc = EXIT_OK;
	size_t i;

	if (workspace_read(&w, ctl->conf_path, documents, &err) < 0 ||
	    analyze(w.conf, w.all, list) < 0) {
		rc = ctl_fail(EXIT_REFUSED, "%s", err.text[0] ? err.text : "Out of memory.");
	} else {
		find_unresolved(ctl, w.all, list);
		if (out == OUT_JSON)
			out_json(list);
		else
			print_findings(list);
		json_array_foreach(list, i, f) if (finding_severity(f) >= fail) rc = EXIT_REFUSED;
	}
	json_decref(list);
	workspace_free(&w);
	return rc;
}

static int parse_severity(struct ctl *ctl, const char *word, enum severity *s)
{
	for (int i = SEVERITY_INFO; i <= SEVERITY_ERROR; i++)
		if (strcasecmp(word, severity_name((enum severity)i)) == 0) {
			*s = (enum severity)i;
			return 0;
		}
	return ctl_usage(ctl, "--failure-threshold takes info, warning or error, not \"%s\".",
			 word) +
	       1;
}

int cmd_analyze(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"filename", required_argument, NULL, 'f'},
					      {"output", required_argument, NULL, 'o'},
					      {"failure-threshold", required_argument, NULL, 'F'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	enum severity fail = SEVERITY_ERROR;
	enum output out = OUT_SHORT;
	json_t *documents = json_array();
	int opt, rc = 0;

	while (rc == 0 && (opt = getopt_long(argc, argv, CTL_OPTS "f:o:", longs, NULL)) != -1) {
		if (opt == 'f')
			rc = documents_read(documents, optarg) != EXIT_OK ? EXIT_REFUSED + 1 : 0;
		else if (opt == 'o')
			rc = out_parse(ctl, optarg, "short|json", &out) ? EXIT_USAGE + 1 : 0;
		else if (opt == 'F')
			rc = parse_severity(ctl, optarg, &fail);
		else
			rc = ctl_option(ctl, opt, optarg);
	}
	if (rc == 0 && optind < argc)
		rc = ctl_usage(ctl, "Files are named with -f, not as \"%s\".", argv[optind]) + 1;
	rc = rc != 0 ? rc - 1 : run(ctl, documents, fail, out);
	json_decref(documents);
	return rc;
}
