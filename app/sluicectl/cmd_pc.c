/* SPDX-License-Identifier: BSD-3-Clause */
/* proxy-config: the tables, filters and padding of istioctl, filled from the snapshot in use. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluicectl.h"

enum opt_id { OPT_FIRST = 256, OPT_VERBOSE = OPT_FIRST };

struct pc {
	enum output out;
	bool verbose;
};

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static long long number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static void print_listeners(const json_t *rows, bool verbose)
{
	struct table *t = table_create(verbose ? 4 : 3, 1);
	const json_t *r;
	char port[24], destination[512];
	size_t i;

	table_row(t, verbose ? (const char *[]){"ADDRESSES", "PORT", "MATCH", "DESTINATION"}
			     : (const char *[]){"ADDRESSES", "PORT", "TYPE"});
	json_array_foreach(rows, i, r)
	{
		snprintf(port, sizeof(port), "%lld", number(r, "port"));
		snprintf(destination, sizeof(destination), "Route: %s", text(r, "route"));
		if (verbose)
			table_row(t, (const char *[]){text(r, "address"), port, text(r, "match"),
						      destination});
		else
			table_row(t, (const char *[]){text(r, "address"), port, text(r, "type")});
	}
	table_print(t);
}

static void print_routes(const json_t *rows, bool verbose)
{
	struct table *t = table_create(verbose ? 5 : 2, 5);
	const json_t *tab, *r;
	char count[24];
	size_t i, k;

	table_row(t, verbose ? (const char *[]){"NAME", "VHOST NAME", "DOMAINS", "MATCH",
						"VIRTUAL SERVICE"}
			     : (const char *[]){"NAME", "VIRTUAL HOSTS"});
	json_array_foreach(rows, i, tab)
	{
		snprintf(count, sizeof(count), "%lld", number(tab, "vhosts"));
		if (!verbose) {
			table_row(t, (const char *[]){text(tab, "name"), count});
			continue;
		}
		json_array_foreach(json_object_get(tab, "rows"), k, r) table_row(
			t, (const char *[]){text(r, "name"), text(r, "vhost"), text(r, "domains"),
					    text(r, "match"), text(r, "virtual_service")});
	}
	table_print(t);
}

static void print_clusters(const json_t *rows, bool verbose)
{
	struct table *t = table_create(6, 5);
	const json_t *r;
	char port[24];
	size_t i;

	table_row(t, (const char *[]){"SERVICE FQDN", "PORT", "SUBSET", "DIRECTION", "TYPE",
				      "DESTINATION RULE"});
	json_array_foreach(rows, i, r)
	{
		const char *subset = text(r, "subset");

		snprintf(port, sizeof(port), "%lld", number(r, "port"));
		/* A name that is not direction|port|subset|fqdn is shown whole. */
		if (text(r, "direction")[0] == '\0')
			table_row(t, (const char *[]){text(r, "name"), "-", "-", "-",
						      text(r, "type"), text(r, "dest_rule")});
		else
			table_row(t,
				  (const char *[]){text(r, "fqdn"), port, subset[0] ? subset : "-",
						   text(r, "direction"), text(r, "type"),
						   text(r, "dest_rule")});
	}
	table_print(t);
}

static void print_endpoints(const json_t *rows, bool verbose)
{
	struct table *t = table_create(4, 5);
	const json_t *r;
	size_t i;

	table_row(t, (const char *[]){"ENDPOINT", "STATUS", "OUTLIER CHECK", "CLUSTER"});
	json_array_foreach(rows, i, r)
		table_row(t, (const char *[]){text(r, "endpoint"), text(r, "status"),
					      text(r, "outlier"), text(r, "cluster")});
	table_print(t);
}

static const struct view {
	const char *name, *aliases; /* separated by spaces */
	const char *filters;
	void (*print)(const json_t *rows, bool verbose);
} views[] = {
	{"listener", "listener listeners l", "address port type verbose", print_listeners},
	{"route", "route routes r", "name verbose", print_routes},
	{"cluster", "cluster clusters c", "fqdn subset direction port", print_clusters},
	{"endpoint", "endpoint endpoints ep", "address port cluster status", print_endpoints},
};

/* Whether a word is one of those in a list separated by spaces. */
static bool word_in(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; n > 0 && (p = strstr(p, word)) != NULL; p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

static const struct view *view_find(const char *word)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(views); i++)
		if (word_in(views[i].aliases, word))
			return &views[i];
	return NULL;
}

static int set_filter(struct ctl *ctl, const struct view *v, const char *name, const char *value,
		      json_t *request, struct pc *pc)
{
	char *end;
	long port;

	if (!word_in(v->filters, name))
		return ctl_usage(ctl, "%s has no filter --%s.", v->name, name);
	if (strcmp(name, "verbose") == 0) {
		pc->verbose = value == NULL || strcmp(value, "false") != 0;
		return EXIT_OK;
	}
	if (strcmp(name, "port") == 0) {
		port = strtol(value, &end, 10);
		if (*end != '\0' || port < 1 || port > 65535)
			return ctl_usage(ctl, "--port takes a number from 1 to 65535, not \"%s\".",
					 value);
		json_object_set_new(request, name, json_integer(port));
		return EXIT_OK;
	}
	if (json_object_set_new(request, name, json_string(value)) < 0)
		return ctl_usage(ctl, "--%s is not UTF-8 text.", name);
	return EXIT_OK;
}

static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
				      {"help", no_argument, NULL, 'h'},
				      {"verbose", optional_argument, NULL, OPT_VERBOSE},
				      {"address", required_argument, NULL, OPT_FIRST + 1},
				      {"port", required_argument, NULL, OPT_FIRST + 2},
				      {"type", required_argument, NULL, OPT_FIRST + 3},
				      {"name", required_argument, NULL, OPT_FIRST + 4},
				      {"fqdn", required_argument, NULL, OPT_FIRST + 5},
				      {"subset", required_argument, NULL, OPT_FIRST + 6},
				      {"direction", required_argument, NULL, OPT_FIRST + 7},
				      {"cluster", required_argument, NULL, OPT_FIRST + 8},
				      {"status", required_argument, NULL, OPT_FIRST + 9},
				      {0}};

static int pc_print(struct ctl *ctl, const struct view *v, const struct pc *pc, json_t *request)
{
	json_t *answer;
	int rc = ctl_call(ctl, request, &answer);

	if (rc != EXIT_OK)
		return rc;
	if (pc->out == OUT_JSON)
		out_json(json_object_get(answer, "protos"));
	else if (pc->out == OUT_YAML)
		out_yaml(json_object_get(answer, "protos"));
	else
		v->print(json_object_get(answer, "rows"), pc->verbose);
	json_decref(answer);
	return EXIT_OK;
}

static int pc(struct ctl *ctl, const struct view *v, int argc, char **argv)
{
	json_t *request = json_pack("{s:s, s:s}", "cmd", "pc", "view", v->name);
	struct pc p = {.out = OUT_SHORT, .verbose = true};
	int opt, index = 0, rc = 0;

	while (rc == 0 && (opt = getopt_long(argc, argv, CTL_OPTS "o:", longs, &index)) != -1) {
		if (opt == 'o')
			rc = out_parse(ctl, optarg, "short|json|yaml", &p.out) ? EXIT_USAGE + 1 : 0;
		else if (opt >= OPT_FIRST)
			rc = set_filter(ctl, v, longs[index].name, optarg, request, &p)
				     ? EXIT_USAGE + 1
				     : 0;
		else
			rc = ctl_option(ctl, opt, optarg);
	}
	if (rc == 0 && optind < argc)
		rc = ctl_usage(ctl,
			       "\"%s\" is too much: there is one proxy here, it needs no name.",
			       argv[optind]) +
		     1;
	if (rc != 0) {
		json_decref(request);
		return rc - 1;
	}
	return pc_print(ctl, v, &p, request);
}

int cmd_pc(struct ctl *ctl, int argc, char **argv)
{
	const struct view *v;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return ctl_option(ctl, 'h', NULL) - 1;
	if (argc < 2 || argv[1][0] == '-')
		return ctl_usage(ctl, "Say which view: listener, route, cluster or endpoint.");
	v = view_find(argv[1]);
	if (v == NULL)
		return ctl_usage(ctl, "There is no view \"%s\".", argv[1]);
	return pc(ctl, v, argc - 1, argv + 1);
}
