package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// search is a query for a page of a list, which never reads a whole table. Its sources lead through an index to rows r, in the order
// of the list. The conditions are checked on a bounded number of these, which are then named k.
type search struct {
	args       []any
	sources    []source
	within     []string // conditions on r that the order of the index, or few rows, satisfy
	conditions []string // on k and on what the listing joins to it
}

// source leads to rows r through an index of its own, in the order of the list.
type source struct {
	from  string // a FROM clause with a condition
	first string // columns of the index before those of the order, in which all its rows are the same: "r.key DESC, "
}

// only returns the source of the rows that have one of the values in a column, with which an index begins. The order names the column,
// too, and the condition is no equality: otherwise PostgreSQL may take the index of the times alone and, where the rows are all old,
// walk through all newer ones.
func only(from, column, values string) source {
	return source{from: from + column + " = ANY (" + values + ")", first: column + " DESC, "}
}

// maxExamined is how many rows a search looks at for one page.
const maxExamined = 2_500

// listing says what a search reads, and in which order.
type listing struct {
	examined string // columns of r that the conditions and columns name
	columns  string // of k and joins, that are read of each row that matches
	joins    string
	order    string // columns of r and k, with DESC
}

// arg adds an argument and returns its place in the text.
func (q *search) arg(v any) string {
	q.args = append(q.args, v)
	return fmt.Sprintf("$%d", len(q.args))
}

// page returns the text of the query. Its first two columns say whether a row matches, and its position among those that the search
// examines. Besides the rows that match, it returns the last that it may examine, for the next page.
func (q *search) page(l listing, examined, limit int) string {
	within, matches := "", "true"
	for _, condition := range q.within {
		within += " AND " + condition
	}
	if len(q.conditions) > 0 {
		matches = "(" + strings.Join(q.conditions, " AND ") + ")"
	}
	var sources []string
	for _, source := range q.sources {
		sources = append(sources, fmt.Sprintf("(SELECT %s FROM %s%s ORDER BY %s%s LIMIT %d)",
			l.examined, source.from, within, source.first, qualified("r", l.order), examined))
	}
	return fmt.Sprintf(`SELECT coalesce(%[1]s, false) AS matches, k.position, %[2]s FROM (
			SELECT u.*, row_number() OVER (ORDER BY %[3]s) AS position FROM (%[4]s) AS u ORDER BY %[3]s LIMIT %[5]d) AS k %[6]s
		WHERE %[1]s OR k.position = %[7]d
		ORDER BY %[8]s LIMIT %[9]d`,
		matches, l.columns, l.order, strings.Join(sources, " UNION ALL "), examined, l.joins, maxExamined, qualified("k", l.order), limit)
}

// qualified returns columns with the name of their table.
func qualified(table, columns string) string {
	return table + "." + strings.ReplaceAll(columns, ", ", ", "+table+".")
}

// rows returns the rows of the search.
func (q *search) rows(ctx context.Context, tx pgx.Tx, sql string) (pgx.Rows, error) {
	return tx.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, q.args...)...) // few texts are the same
}

// beginSnapshot begins the transaction of a read. PostgreSQL plans each statement for its values: a plan for any values, which it may
// choose after five executions, expects a few rows of each request, and walks through all problems for the one of an event. Compiling
// (jit) takes longer than most pages.
const beginSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off`

// inSnapshot calls read with one snapshot of the database, in which it changes nothing.
func (s *Store) inSnapshot(ctx context.Context, read func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{BeginQuery: beginSnapshot}, read)
}
