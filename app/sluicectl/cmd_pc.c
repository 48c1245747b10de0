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
		if (json_object_get(r, "inline") != NULL)
			snprintf(destination, sizeof(destination), "Inline Route: %s",
				 text(r, "inline"));
		else if (json_object_get(r, "cluster") != NULL)
			snprintf(destination, sizeof(destination), "Cluster: %s",
				 text(r, "cluster"));
		else
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

static void print_eds(const json_t *rows, bool verbose)
{
	struct table *t = table_create(4, 5);
	const json_t *r;
	size_t i;

	table_row(t, (const char *[]){"NAME", "STATUS", "LOCALITY", "CLUSTER"});
	json_array_foreach(rows, i, r)
		table_row(t, (const char *[]){text(r, "endpoint"), text(r, "status"),
					      text(r, "locality"), text(r, "cluster")});
	table_print(t);
}

/* Certificates and extensions: there are none, in istioctl's columns. */
static void print_secrets(const json_t *rows, bool verbose)
{
	struct table *t = table_create(7, 5);

	table_row(t, (const char *[]){"RESOURCE NAME", "TYPE", "STATUS", "VALID CERT",
				      "SERIAL NUMBER", "NOT AFTER", "NOT BEFORE"});
	table_print(t);
}

static void print_ecds(const json_t *rows, bool verbose)
{
	struct table *t = table_create(2, 5);

	table_row(t, (const char *[]){"ECDS NAME", "TYPE"});
	table_print(t);
}

static const struct view {
	const char *name, *aliases; /* separated by spaces */
	const char *filters;
	void (*print)(const json_t *rows, bool verbose); /* NULL: JSON only */
} views[] = {
	{"listener", "listener listeners l", "address port type verbose", print_listeners},
	{"route", "route routes r", "name verbose", print_routes},
	{"cluster", "cluster clusters c", "fqdn subset direction port", print_clusters},
	{"endpoint", "endpoint endpoints ep", "address port cluster status", print_endpoints},
	{"eds", "eds", "address port cluster status", print_eds},
	{"secret", "secret secrets s", "", print_secrets},
	{"ecds", "ecds ec", "", print_ecds},
	{"bootstrap", "bootstrap b", "", NULL},
};

/* What `pc all` shows, in istioctl's order, and the column that says what a row is. */
static const struct section {
	const char *view, *column, *head;
} sections[] = {
	{"cluster", "fqdn", "CLUSTER"},
	{"listener", "address", "LISTENER"},
	{"route", "name", "ROUTE"},
	{"endpoint", "endpoint", "ENDPOINT"},
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

/* All of a kind are a list; the bootstrap is one. */
static const json_t *protos_of(const struct view *v, const json_t *answer)
{
	const json_t *protos = json_object_get(answer, "protos");

	return v->print == NULL ? json_array_get(protos, 0) : protos;
}

static int pc_print(struct ctl *ctl, const struct view *v, const struct pc *pc, json_t *request)
{
	json_t *answer;
	int rc = ctl_call(ctl, request, &answer);

	if (rc != EXIT_OK)
		return rc;
	if (pc->out == OUT_JSON || (v->print == NULL && pc->out == OUT_SHORT))
		out_json(protos_of(v, answer));
	else if (pc->out == OUT_YAML)
		out_yaml(protos_of(v, answer));
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

static void prefix_rows(const struct section *s, json_t *rows)
{
	json_t *r;
	size_t i;

	json_array_foreach(rows, i, r)
	{
		char name[1024];

		/* Rows of routes stand in their tables. */
		if (json_object_get(r, "rows") != NULL)
			prefix_rows(s, json_object_get(r, "rows"));
		/* A cluster that is not direction|port|subset|fqdn is shown by its name. */
		const char *column = strcmp(s->view, "cluster") == 0 && !text(r, "direction")[0]
					     ? "name"
					     : s->column;

		snprintf(name, sizeof(name), "%s/%s", s->view, text(r, column));
		json_object_set_new(r, column, json_string(name));
	}
}

static int all_short(struct ctl *ctl, bool heads)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(sections); i++) {
		const struct view *v = view_find(sections[i].view);
		json_t *answer;
		int rc = ctl_call(ctl, json_pack("{s:s, s:s}", "cmd", "pc", "view", v->name),
				  &answer);

		if (rc != EXIT_OK)
			return rc;
		if (i > 0)
			putchar('\n');
		if (heads)
			printf("------ %s INFO ------\n", sections[i].head);
		prefix_rows(&sections[i], json_object_get(answer, "rows"));
		v->print(json_object_get(answer, "rows"), true);
		json_decref(answer);
	}
	return EXIT_OK;
}

/* The whole configuration, as Envoy's config dump. */
static int all_dump(struct ctl *ctl, enum output out)
{
	json_t *answer, *dump;
	int rc = ctl_call(ctl, json_pack("{s:s, s:s}", "cmd", "pc", "view", "all"), &answer);

	if (rc != EXIT_OK)
		return rc;
	dump = json_pack("{s:O}", "configs", json_object_get(answer, "protos"));
	if (out == OUT_JSON)
		out_json(dump);
	else
		out_yaml(dump);
	json_decref(dump);
	json_decref(answer);
	return EXIT_OK;
}

static int pc_all(struct ctl *ctl, int argc, char **argv)
{
	static const struct option all_longs[] = {{"output", required_argument, NULL, 'o'},
						  {"with-headers", no_argument, NULL, 'w'},
						  {"help", no_argument, NULL, 'h'},
						  {0}};
	enum output out = OUT_SHORT;
	bool heads = false;
	int opt, rc = 0;

	while (rc == 0 && (opt = getopt_long(argc, argv, CTL_OPTS "o:", all_longs, NULL)) != -1) {
		if (opt == 'o')
			rc = out_parse(ctl, optarg, "short|json|yaml", &out) ? EXIT_USAGE + 1 : 0;
		else if (opt == 'w')
			heads = true;
		else
			rc = ctl_option(ctl, opt, optarg);
	}
	if (rc == 0 && optind < argc)
		rc = ctl_usage(ctl, "all takes no argument \"%s\".", argv[optind]) + 1;
	if (rc != 0)
		return rc - 1;
	return out == OUT_SHORT ? all_short(ctl, heads) : all_dump(ctl, out);
}

static int pc_log(struct ctl *ctl, int argc, char **argv)
{
	const char *name;
	json_t *answer, *level;
	int rc = ctl_arguments(ctl, argc, argv, 0);

	if (rc != 0)
		return rc - 1;
	rc = ctl_call(ctl, json_pack("{s:s, s:s}", "cmd", "pc", "view", "log"), &answer);
	if (rc != EXIT_OK)
		return rc;
	puts("active loggers:");
	json_object_foreach(json_array_get(json_object_get(answer, "protos"), 0), name, level)
		printf("  %s: %s\n", name, json_string_value(level));
	json_decref(answer);
	return EXIT_OK;
}

int cmd_pc(struct ctl *ctl, int argc, char **argv)
{
	const struct view *v;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return ctl_option(ctl, 'h', NULL) - 1;
	if (argc < 2 || argv[1][0] == '-')
		return ctl_usage(ctl,
				 "Say which view: all, bootstrap, cluster, ecds, eds, endpoint, "
				 "listener, route or secret.");
	if (word_in("log o", argv[1]))
		return pc_log(ctl, argc - 1, argv + 1);
	if (word_in("all a", argv[1]))
		return pc_all(ctl, argc - 1, argv + 1);
	v = view_find(argv[1]);
	if (v == NULL)
		return ctl_usage(ctl, "There is no view \"%s\".", argv[1]);
	return pc(ctl, v, argc - 1, argv + 1);
}
