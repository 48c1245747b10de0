/* SPDX-License-Identifier: BSD-3-Clause */
/* check: the whole way from files to a snapshot in this process, with nothing published. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "objset.h"
#include "sluicectl.h"
#include "state.h"

struct check {
	struct sl_conf *conf;
	struct sl_objects *manifests, *applied, *batch, *all;
	struct sl_snap *snap;
	size_t size;
};

static int add_documents(struct check *k, const json_t *documents, struct sl_err *err)
{
	struct objset_batch batch = {0};
	const json_t *doc;
	size_t i;
	int rc = 0;

	json_array_foreach(documents, i, doc)
	{
		const json_t *text = json_object_get(doc, "text");

		rc = objset_batch_add(&batch, json_string_value(json_object_get(doc, "name")),
				      json_string_value(text), json_string_length(text), err);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = objset_batch_set(&batch, &k->batch, err);
	objset_batch_free(&batch);
	return rc == 0 ? objset_merge(k->applied, k->batch) : rc;
}

/* Whoever may not read what was applied can still check files, and is told what is left out. */
static int read_applied(struct check *k, struct sl_err *err)
{
	int rc = state_read(&k->applied, sl_conf_control(k->conf)->state_dir, err);

	if (rc != -EACCES)
		return rc;
	fprintf(stderr, "warning: %s It is checked without applied objects.\n", err->text);
	k->applied = sl_objects_create();
	return k->applied != NULL ? 0 : sl_err(err, ENOMEM, "Out of memory.");
}

static int run_check(struct check *k, const char *conf_path, const json_t *documents,
		     struct sl_err *err)
{
	int rc = sl_conf_read(&k->conf, conf_path, err);

	if (rc == 0)
		rc = compile_manifests(&k->manifests, k->conf, err);
	if (rc == 0)
		rc = read_applied(k, err);
	if (rc == 0)
		rc = add_documents(k, documents, err);
	if (rc == 0)
		rc = compile_merge(&k->all, k->manifests, k->applied, err);
	if (rc == 0)
		rc = compile_snapshot(k->conf, k->all, 1, NULL, NULL, &k->snap, &k->size, err);
	return rc;
}

static void print_ignored(const struct sl_objects *set)
{
	char label[1024];

	for (size_t i = 0; set != NULL && i < sl_objects_count(set); i++) {
		struct sl_object_ref ref = sl_objects_at(set, i);

		if (ref.ignored)
			printf("%s ignored (belongs to an application)\n",
			       objset_label(&ref, label, sizeof(label)));
	}
}

static void print_result(const struct check *k)
{
	print_ignored(k->manifests);
	print_ignored(k->batch);
	fflush(stdout);
	for (size_t i = 0; i < sl_objects_warning_count(k->all); i++)
		fprintf(stderr, "warning: %s\n", sl_objects_warning_at(k->all, i));
	printf("ok: %u listeners, %u virtual hosts, %u routes, %u clusters, %u endpoints, %u "
	       "services\n",
	       sl_snap_count(k->snap, SL_SNAP_LISTENERS), sl_snap_count(k->snap, SL_SNAP_VHOSTS),
	       sl_snap_count(k->snap, SL_SNAP_ROUTES), sl_snap_count(k->snap, SL_SNAP_CLUSTERS),
	       sl_snap_count(k->snap, SL_SNAP_ENDPOINTS), sl_snap_count(k->snap, SL_SNAP_SERVICES));
}

static int check(const struct ctl *ctl, const json_t *documents)
{
	struct check k = {0};
	struct sl_err err = {""};
	int rc = EXIT_OK;

	if (run_check(&k, ctl->conf_path, documents, &err) < 0)
		rc = ctl_fail(EXIT_REFUSED, "%s", err.text[0] ? err.text : "Out of memory.");
	else
		print_result(&k);
	free(k.snap);
	sl_objects_free(k.all);
	sl_objects_free(k.batch);
	sl_objects_free(k.applied);
	sl_objects_free(k.manifests);
	sl_conf_free(k.conf);
	return rc;
}

int cmd_check(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {
		{"filename", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};
	json_t *documents = json_array();
	int opt, rc = 0;

	while (rc == 0 && (opt = getopt_long(argc, argv, CTL_OPTS "f:", longs, NULL)) != -1) {
		if (opt == 'f')
			rc = documents_read(documents, optarg) != EXIT_OK ? EXIT_REFUSED + 1 : 0;
		else
			rc = ctl_option(ctl, opt, optarg);
	}
	if (rc == 0 && optind < argc)
		rc = ctl_usage(ctl, "Files are named with -f, not as \"%s\".", argv[optind]) + 1;
	rc = rc != 0 ? rc - 1 : check(ctl, documents);
	json_decref(documents);
	return rc;
}
