/**
 * UI action for a ServiceNow instance: opens a Microsoft service request for an incident.
 *
 * Name: Contact Microsoft support. Table: Incident. Action name: contact_microsoft_support.
 * Active, Form link, Show update: ticked. Client, Show insert: not ticked.
 * Condition: gs.hasRole('x_mioms_m365_assis.administrator')
 *
 * The title is the short description, the severity follows the priority, the contact is
 * whoever selects it. An incident that has an open request gets no second one.
 */
(function () {
    var connector = new M365SupportConnector();
    connector.occasion = 'contact';

    function escaped(value) {
        return String(value || '').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
    }

    function openOnes(rows) {
        var found = [];
        for (var i = 0; i < rows.length; i++) {
            if (rows[i].state != 'closed' && rows[i].state != 'cancelled') {
                found.push(rows[i]);
            }
        }
        return found;
    }

    function wish(count) {
        var severities = {'1': 'critical', '2': 'high'};
        return {
            id: connector.nextId(current, count),
            title: String(current.getValue('short_description') || current.getValue('number')),
            description: String(current.getValue('description') || current.getValue('short_description') || ''),
            severity: severities[String(current.getValue('priority'))] || 'normal',
            contact: {name: String(gs.getUserDisplayName()), email: String(gs.getUser().getEmail() || '')}
        };
    }

    /** Show the request, or what is in the way; where the connector is silent, nothing. */
    function show(result) {
        if (result.message) {
            gs.addErrorMessage(escaped(result.message));
        }
        if (result.body) {
            gs.addInfoMessage('Microsoft service request ' + escaped(result.body.reference) + ': ' + escaped(result.body.state_label));
        }
    }

    var known = connector.requests(current);
    var rows = (known.body && known.body.service_requests) || [];
    var open = openOnes(rows);
    if (open.length) {
        show({body: open[0]});
    } else if (known.body) {
        show(connector.open(current, wish(rows.length)));
    } else {
        show(known);
    }
    action.setRedirectURL(current);
})();
