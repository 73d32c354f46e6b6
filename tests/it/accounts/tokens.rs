//! Tokens of the API: made and revoked by owners, narrowed by scope.

use lifesign::app::accounts::{add_token, revoke_token};
use lifesign::app::refused::Refused;
use lifesign::app::teams::rename_team;
use lifesign::domain::team::{Actor, Role, Scope};
use lifesign::secret::hash_token;

use super::{fields, fresh, owner, who};
use crate::support::engines::engines;

engines! {
    async fn a_token_does_what_its_scope_allows_until_it_is_revoked(store: Store) {
        let app = fresh(store);
        let actor = who(&app, &owner(&app).await).await.unwrap();
        let reads = add_token(&app, &actor, " Agent ", "read").await.unwrap();
        let writes = add_token(&app, &actor, "Script", "write").await.unwrap();
        assert_eq!(reads.token.name, "Agent");
        let bearer = async |made: &lifesign::app::accounts::MadeToken| {
            let hash = hash_token(made.value.expose());
            app.store.bearer(&hash, app.clock.now()).await.unwrap()
        };
        let (looks, scope) = bearer(&reads).await.unwrap();
        assert_eq!((looks.role, scope), (Role::Viewer, Scope::Read));
        assert!(!looks.may_edit());
        let (changes, scope) = bearer(&writes).await.unwrap();
        let by_token = Actor { token: Some("Script".to_owned()), ..actor.clone() };
        assert_eq!((changes, scope), (by_token, Scope::Write));

        revoke_token(&app, &actor, reads.token.id).await.unwrap();
        assert!(bearer(&reads).await.is_none());
        assert!(bearer(&writes).await.is_some());
        let again = revoke_token(&app, &actor, reads.token.id).await;
        assert!(matches!(again, Err(Refused::NotFound)));
    }

    async fn only_owners_make_tokens_and_name_the_team(store: Store) {
        let app = fresh(store);
        let actor = who(&app, &owner(&app).await).await.unwrap();
        let editor = Actor { role: Role::Editor, ..actor.clone() };
        let refused = add_token(&app, &editor, "Script", "read").await;
        assert!(matches!(refused, Err(Refused::Forbidden("owner"))));
        let refused = rename_team(&app, &editor, "Ours").await;
        assert!(matches!(refused, Err(Refused::Forbidden("owner"))));
        assert_eq!(fields(add_token(&app, &actor, " ", "all").await), ["name", "scope"]);
        assert_eq!(fields(rename_team(&app, &actor, "").await), ["team"]);
        rename_team(&app, &actor, "Ours ").await.unwrap();
        let teams = app.store.teams_of(actor.user).await.unwrap();
        assert_eq!(teams[0].0.name, "Ours");
        assert!(app.store.tokens(actor.team, 10, None).await.unwrap().rows.is_empty());
    }
}
