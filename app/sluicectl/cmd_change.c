/* SPDX-License-Identifier: BSD-3-Clause */
/* apply, delete, reload, drain: commands that change what is in use. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "sluicectl.h"

/* Sends it, says what became of each object, and that no data plane runs where none does. */
int ctl_change(struct ctl *ctl, json_t *request, const char *done)
{
	json_t *answer;
	const char *note;
	int rc = ctl_call(ctl, request, &answer);

	if (rc != EXIT_OK)
		return rc;
	documents_report(answer);
	if (done != NULL)
		printf("%s (epoch %lld)\n", done,
		       (long long)json_integer_value(json_object_get(answer, "epoch")));
	note = json_string_value(json_object_get(answer, "note"));
	if (note != NULL) {
		fflush(stdout);
		fprintf(stderr, "%s\n", note);
	}
	json_decref(answer);
	return EXIT_OK;
}

/* "60s", "5m" or a bare number of seconds. */
static int parse_seconds(struct ctl *ctl, const char *word, uint32_t *seconds)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);
	bool minutes = strcmp(end, "m") == 0;

	if (end == word || *word == '-' || (*end != '\0' && strcmp(end, "s") != 0 && !minutes) ||
	    n == 0 || n > 86400 / (minutes ? 60 : 1))
		return ctl_usage(ctl, "--confirm takes a time such as 60s or 5m, not \"%s\".",
				 word);
	*seconds = (uint32_t)n * (minutes ? 60 : 1);
	return EXIT_OK;
}

int cmd_apply(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"filename", required_argument, NULL, 'f'},
					      {"prune", no_argument, NULL, 'p'},
					      {"dry-run", no_argument, NULL, 'n'},
					      {"output", required_argument, NULL, 'o'},
					      {"confirm", required_argument, NULL, 'C'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	json_t *documents = json_array(), *request;
	int opt, rc = 0, prune = 0;
	enum output out = OUT_SHORT;
	uint32_t confirm_s = 0;
	bool dry_run = false;

	while (rc == 0 && (opt = getopt_long(argc, argv, CTL_OPTS "f:o:", longs, NULL)) != -1) {
		if (opt == 'f')
			rc = documents_read(documents, optarg) != EXIT_OK ? EXIT_REFUSED + 1 : 0;
		else if (opt == 'p')
			prune = 1;
		else if (opt == 'n')
			dry_run = true;
		else if (opt == 'o')
			rc = out_parse(ctl, optarg, "short|json", &out) ? EXIT_USAGE + 1 : 0;
		else if (opt == 'C')
			rc = parse_seconds(ctl, optarg, &confirm_s) != EXIT_OK ? EXIT_USAGE + 1 : 0;
		else
			rc = ctl_option(ctl, opt, optarg);
	}
	if (rc == 0 && optind < argc)
		rc = ctl_usage(ctl, "Files are named with -f, not as \"%s\".", argv[optind]) + 1;
	if (rc == 0 && out != OUT_SHORT && !dry_run)
		rc = ctl_usage(ctl, "-o is for --dry-run.") + 1;
	if (rc == 0 && json_array_size(documents) == 0)
		rc = ctl_usage(ctl, "Nothing to apply: name a file with -f.") + 1;
	if (rc != 0) {
		json_decref(documents);
		return rc - 1;
	}
	request = json_pack("{s:s, s:o, s:b}", "cmd", "apply", "documents", documents, "prune",
			    prune);
	if (dry_run)
		return dry_run_print(ctl, request, out);
	if (confirm_s != 0)
		json_object_set_new(request, "confirm", json_integer(confirm_s));
	rc = ctl_change(ctl, request, NULL);
	if (rc == EXIT_OK && confirm_s != 0)
		printf("back by itself in %u s, unless you run `sluicectl confirm`\n", confirm_s);
	return rc;
}

static json_t *delete_request(struct ctl *ctl, int argc, char **argv, const char *ns,
			      json_t *documents, int *rc)
{
	if (json_array_size(documents) > 0) {
		if (optind < argc)
			*rc = ctl_usage(ctl, "Either -f or KIND NAME, not both.") + 1;
		return json_pack("{s:s, s:O}", "cmd", "delete", "documents", documents);
	}
	if (argc - optind != 2) {
		*rc = ctl_usage(ctl, "Name a file with -f, or a KIND and a NAME.") + 1;
		return NULL;
	}
	return json_pack("{s:s, s:s, s:s, s:s}", "cmd", "delete", "kind",
			 kind_resolve(argv[optind]), "name", argv[optind + 1], "namespace", ns);
}

int cmd_delete(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"filename", required_argument, NULL, 'f'},
					      {"namespace", required_argument, NULL, 'n'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	json_t *documents = json_array(), *request = NULL;
	const char *ns = "default";
	int opt, rc = 0;

	while (rc == 0 && (opt = getopt_long(argc, argv, CTL_OPTS "f:n:", longs, NULL)) != -1) {
		if (opt == 'f')
			rc = documents_read(documents, optarg) != EXIT_OK ? EXIT_REFUSED + 1 : 0;
		else if (opt == 'n')
			ns = optarg;
		else
			rc = ctl_option(ctl, opt, optarg);
	}
	if (rc == 0)
		request = delete_request(ctl, argc, argv, ns, documents, &rc);
	json_decref(documents);
	if (rc != 0) {
		json_decref(request);
		return rc - 1;
	}
	return ctl_change(ctl, request, NULL);
}

int ctl_arguments(struct ctl *ctl, int argc, char **argv, int n)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
	int opt, rc;

	while ((opt = getopt_long(argc, argv, CTL_OPTS, longs, NULL)) != -1) {
		rc = ctl_option(ctl, opt, optarg);
		if (rc != 0)
			return rc;
	}
	if (argc - optind > n)
		return ctl_usage(ctl, "%s takes no argument \"%s\".", ctl->command,
				 argv[optind + n]) +
		       1;
	if (argc - optind < n)
		return ctl_usage(ctl, "%s needs an argument.", ctl->command) + 1;
	return 0;
}

int ctl_output_option(struct ctl *ctl, int argc, char **argv, enum output *out)
{
	static const struct option longs[] = {
		{"output", required_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'}, {0}};
	int opt, rc = 0;

	while (rc == 0 && (opt = getopt_long(argc, argv, CTL_OPTS "o:", longs, NULL)) != -1)
		rc = opt != 'o'                                  ? ctl_option(ctl, opt, optarg)
		     : out_parse(ctl, optarg, "short|json", out) ? EXIT_USAGE + 1
								 : 0;
	return rc;
}

int cmd_reload(struct ctl *ctl, int argc, char **argv)
{
	int rc = ctl_arguments(ctl, argc, argv, 0);

	return rc != 0 ? rc - 1 : ctl_change(ctl, json_pack("{s:s}", "cmd", "reload"), "reloaded");
}

int cmd_drain(struct ctl *ctl, int argc, char **argv)
{
	int rc = ctl_arguments(ctl, argc, argv, 0);

	return rc != 0 ? rc - 1 : ctl_change(ctl, json_pack("{s:s}", "cmd", "drain"), "draining");
}

int cmd_undrain(struct ctl *ctl, int argc, char **argv)
{
	int rc = ctl_arguments(ctl, argc, argv, 0);

	return rc != 0 ? rc - 1
		       : ctl_change(ctl, json_pack("{s:s}", "cmd", "undrain"),
				    "taking connections");
}

int cmd_version(struct ctl *ctl, int argc, char **argv)
{
	int rc = ctl_arguments(ctl, argc, argv, 0);
	json_t *answer;

	if (rc != 0)
		return rc - 1;
	puts("sluicectl " SL_VERSION);
	fflush(stdout);
	rc = ctl_call(ctl, json_pack("{s:s}", "cmd", "version"), &answer);
	if (rc != EXIT_OK)
		return rc;
	printf("sluice-control %s\n", json_string_value(json_object_get(answer, "version")));
	json_decref(answer);
	return EXIT_OK;
}
