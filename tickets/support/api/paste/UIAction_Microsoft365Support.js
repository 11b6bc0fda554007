/**
 * UI action for a ServiceNow instance: shows on the form of an incident what the
 * connector knows: service health, recommended solutions, Microsoft service requests.
 *
 * Name: Microsoft 365 support. Table: Incident. Action name: microsoft_365_support.
 * Active, Form link, Show update: ticked. Client, Show insert: not ticked.
 * Condition: gs.hasRole('x_mioms_m365_assis.insights_user,x_mioms_m365_assis.administrator')
 */
(function () {
    var connector = new M365SupportConnector();
    connector.occasion = 'recommended';
    var messages = {};

    function escaped(value) {
        return String(value || '').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
    }

    function linked(words, url) {
        if (!/^https?:\/\//.test(String(url || ''))) {
            return escaped(words);
        }
        return '<a href="' + escaped(url) + '" target="_blank" rel="noopener noreferrer">' + escaped(words) + '</a>';
    }

    /** Show the rows of a result under a title; what went wrong is said once. */
    function show(title, result, name, line) {
        if (result.message && !messages[result.message]) {
            messages[result.message] = true;
            gs.addErrorMessage(escaped(result.message));
        }
        var rows = (result.body && result.body[name]) || [];
        var lines = [];
        for (var i = 0; i < rows.length; i++) {
            lines.push(line(rows[i]));
        }
        if (result.body) {
            gs.addInfoMessage('<b>' + title + '</b><br>' + (lines.join('<br>') || 'Nothing to show.'));
        }
    }

    show('Microsoft recommended solutions', connector.solutions(current, ''), 'solutions', function (row) {
        return linked(row.title, row.url) + ' (' + escaped(row.source_label) + ')';
    });
    show('Service health incidents', connector.health(current), 'incidents', function (row) {
        return linked(row.id + ' ' + row.title, row.url) + ': ' + escaped(row.status_label);
    });
    if (gs.hasRole(M365SupportConnector.SCOPE + '.administrator')) {
        show('Microsoft service requests', connector.requests(current), 'service_requests', function (row) {
            return linked(row.reference + ' ' + row.title, row.url) + ': ' + escaped(row.state_label);
        });
    }
    action.setRedirectURL(current);
})();
