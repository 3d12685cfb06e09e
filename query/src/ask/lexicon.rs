//! The words of questions: names of metrics and dimensions, and words that only join others.
//!
//! Every phrase is written once, in lower case, alternatives separated by `|`. What is not here, not
//! a time and not the site's is not understood.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// People, visits and what they do.
pub(crate) struct Phrases {
    pub(crate) name: &'static str,
    pub(crate) phrases: &'static str,
}

const fn phrases(name: &'static str, phrases: &'static str) -> Phrases {
    Phrases { name, phrases }
}

pub(crate) const METRICS: &[Phrases] = &[
    phrases(
        "visitors",
        "visitors|visitor|anyone|anybody|unique visitors|unique visitor|uniques|unique users|unique user|unique people|users|user|people|person|persons|folks|audience|readers|traffic|site traffic|web traffic|website traffic|visitor count|visitor numbers|user count|unique_visitors|guests|active users",
    ),
    phrases("visits", "visits|visit|sessions|session|visit count|session count"),
    phrases(
        "pageviews",
        "pageviews|pageview|page views|page view|views|view|hits|page hits|page impressions|page_views|screen views|pvs|pv|page loads",
    ),
    phrases("events", "events|event|event count|custom events|tracked events|actions|interactions"),
    phrases("bounce_rate", "bounce rate|bounce rates|bounces|bounce|bouncerate|bounced|bouncing"),
    phrases(
        "visit_duration",
        "visit duration|visit durations|session duration|session durations|session length|visit length|visit time|session time|time on site|time on the site|time on our site|time spent on site|time spent on the site|time spent on our site|time spent per visit|time spent per session|time spent on a visit|time per visit|time per session|length of visit|length of visits|length of a visit|duration|duration of visits|duration of a visit|dwell time|time spent",
    ),
    phrases(
        "views_per_visit",
        "views per visit|views per session|pageviews per visit|pageviews per session|page views per visit|page views per session|pages per visit|pages per session|pages a visit|views_per_visit|page depth|visit depth",
    ),
    phrases(
        "time_on_page",
        "time on page|time on pages|time spent on page|time spent on pages|time per page|reading time|time on the page|time spent on the page",
    ),
    phrases("scroll_depth", "scroll depth|scroll depths|scroll rate|scroll"),
    phrases(
        "total_revenue",
        "revenue|total revenue|revenues|sales revenue|turnover|income|earnings|money|total sales|sales volume|gross revenue|total_revenue|how much did we make|how much money did we make|how much did we earn|how much have we made|how much have we earned|did we earn|earn|earned|earning",
    ),
    phrases(
        "average_revenue",
        "average revenue|average order value|avg order value|aov|order value|revenue per order|average revenue per order|revenue per purchase|average revenue per purchase|average purchase value|average basket|basket size|average basket value|average sale|average_revenue|mean order value",
    ),
    phrases(
        "conversion_rate",
        "conversion rate|conversion rates|cvr|conversion percentage|conversion_rate|conv rate|rate of conversion",
    ),
    phrases(
        "events_per_visitor",
        "events per visitor|events per user|actions per visitor|actions per user|events per person",
    ),
];

/// Metrics that are means or rates, of which `average` says nothing new.
pub(crate) const MEANS: &[&str] = &[
    "bounce_rate",
    "visit_duration",
    "views_per_visit",
    "time_on_page",
    "scroll_depth",
    "average_revenue",
    "conversion_rate",
    "events_per_visitor",
];

pub(crate) const DIMENSIONS: &[Phrases] = &[
    phrases(
        "event:page",
        "page|pages|url|urls|article|articles|web page|web pages|page path|page paths|page url|page urls",
    ),
    phrases(
        "visit:entry_page",
        "entry page|entry pages|landing page|landing pages|entrance page|entrance pages|first page|first pages|entry point|entry points",
    ),
    phrases(
        "visit:exit_page",
        "exit page|exit pages|last page|last pages|exit point|exit points|leaving page",
    ),
    phrases(
        "visit:source",
        "source|sources|traffic source|traffic sources|visit source|visit sources|acquisition source|acquisition sources|origin of traffic",
    ),
    phrases(
        "visit:channel",
        "channel|channels|marketing channel|marketing channels|traffic channel|traffic channels|acquisition channel|acquisition channels|channel grouping",
    ),
    phrases(
        "visit:referrer",
        "referrer|referrers|referer|referers|referring site|referring sites|referring page|referring pages|referring domain|referring domains|referral source|referral sources|referring url",
    ),
    phrases("visit:utm_source", "utm source|utm sources"),
    phrases("visit:utm_medium", "utm medium|utm mediums|medium|mediums|campaign medium"),
    phrases(
        "visit:utm_campaign",
        "utm campaign|utm campaigns|campaign|campaigns|marketing campaign|marketing campaigns|campaign name",
    ),
    phrases("visit:utm_content", "utm content|utm contents|ad content"),
    phrases("visit:utm_term", "utm term|utm terms|campaign term"),
    phrases("visit:country", "country|countries|nation|nations|country of origin"),
    phrases("visit:region", "region|regions|state|states|province|provinces"),
    phrases("visit:city", "city|cities|town|towns"),
    phrases(
        "visit:device",
        "device|devices|device type|device types|type of device|types of device|types of devices|kind of device|device category|device categories|kinds of devices",
    ),
    phrases("visit:browser", "browser|browsers|web browser|web browsers"),
    phrases("visit:browser_version", "browser version|browser versions"),
    phrases("visit:os", "os|operating system|operating systems|oses"),
    phrases("visit:os_version", "os version|os versions|operating system version|operating system versions"),
    phrases(
        "visit:screen",
        "screen size|screen sizes|screen resolution|screen resolutions|screens|screen|resolution|resolutions",
    ),
    phrases("visit:language", "language|languages|locale|locales|browser language"),
    phrases("visit:platform", "platform|platforms"),
    phrases("visit:app_version", "app version|app versions"),
    phrases("user:id", "user id|user ids"),
    phrases("user:first_source", "first source|first sources|original source|first touch source|first touch"),
    phrases("user:first_channel", "first channel|first channels|original channel|first touch channel"),
    phrases(
        "cluster",
        "cluster|clusters|user cluster|user clusters|visitor cluster|visitor clusters|behaviour segment|behaviour segments|behavior segment|behavior segments|visitor segment|visitor segments|user segment|user segments",
    ),
    phrases("event:hostname", "hostname|hostnames|host|hosts|subdomain|subdomains|domain|domains"),
    phrases(
        "cluster",
        "segment|segments|visitor segment|visitor segments|user segment|user segments|customer segments|audience segments|saved segments|cluster|clusters|visitor clusters|user clusters|visitor group|visitor groups|user group|user groups|groups of visitors|groups of users|groups of people|behaviour segments|behavior segments",
    ),
    phrases("event:name", "event name|event names|name of event|event type|event types"),
    phrases("event:goal", "goal|goals|conversion goal|conversion goals|conversion event|conversion events"),
];

/// Words that join others and mean nothing by themselves.
pub(crate) const FILLERS: &str = "the|a|an|my|our|your|their|its|of|to|for|in|on|at|from|with|via|through|is|are|was|were|be|been|am|does|did|has|have|had|can|could|would|should|please|pls|plz|hey|hi|hello|thanks|thank|you|ok|okay|so|me|i|we|they|it|there|that|those|these|which|what|how|many|much|show|tell|give|get|got|getting|gets|see|seen|display|list|find|report|print|want|need|like|know|let|lets|look|looking|check|out|number|count|counts|counted|total|totals|amount|overall|site|website|site's|come|came|coming|comes|use|used|uses|using|make|made|data|stat|stats|statistics|figures|numbers|analytics|receive|received|receiving|track|tracked|recorded|bring|brings|brought|bringing|sends|sent|drive|drives|drove|driving|driven|generate|generates|generated|generating|happen|happened|happening|visited|visiting|viewed|viewing|saw|seeing|opened|hit|arrive|arrived|arriving|went|go|browse|browsing|browsed|live in|how often|how many times|sent us|send us|sends us|bring us|brings us|brought us|gave us|give us|gives us|gets us|get us|got us|tell us|triggered|fired|where|whose|who|all|any|different|exactly|actually|currently in|as|us the|occurred|took place|take place|during|say|pull|pull up|fetch|detect|well|anything|something|breakdown|distribution|split|back|me know|quick|quickly|if|was there|again please|reached|reach|landed|question|interested|curious|wondering|people's|by our|came in|performed in|look like|looks like|doing|perform|performed|performing|regarding|concerning|split out|put|into|also|both|each of|just|only|right|good|had in total|altogether|across all|so far|result|results|view of|an overview of|overview|value|quantity|volume|volumes|size of|visiting us|our own|pages of|type|kind|among|within|done|did we|do we|were there|are there|have been|has been|originate|originating|originated|referred|accessed|accessing|access|paying|payed|paid with|purchasing with|spend on site|tagged|labelled|labeled|named|called|being|own|having|it's|that's|in terms of|with respect to|with regard to|with regards to|kinds of|types of|num of|speaking of|paid by|paid using|paid via|paying with|paying by|by how much|speak|speaks|bar chart|bar charts|bar graph|pie chart|pie charts|donut chart|column chart";

/// Words of everyday English that are near a known word and must not be taken for it.
pub(crate) const GUARDED: &str = "returning|repeat|repeated|loyal|engaged|engaging|frequently|recurring|inactive|dormant|wall|tell|fill|fall|feel|full|hill|help|held|hold|told|gold|cold|bold|sold|fold|word|words|world|work|works|worked|working|worth|wish|with|wide|wild|wine|wind|window|winter|summer|spring|autumn|season|reasonable|seen|seem|seems|seemed|been|bean|bear|beat|best|rest|west|east|north|south|nest|vest|test|text|next|neat|meat|meet|meeting|met|money|honey|phone|photo|photos|home|hope|hole|role|rule|rules|tool|tools|pool|cool|food|good|mood|wood|room|rooms|door|doors|floor|flow|flows|grow|throw|three|threw|thing|things|think|thinks|thought|through|though|thank|thanks|bank|banks|blank|plant|plants|place|places|placed|plate|space|spaces|peace|piece|pieces|price|prize|pride|bride|bridge|brief|chief|child|children|china|chain|chair|chairs|charge|charges|charm|check|checks|cheap|cheaper|clear|clean|close|cloud|clouds|class|classes|glass|grass|green|great|group|groups|ground|round|around|sound|sounds|south|mouth|month|worth|write|writer|white|while|whole|whose|those|these|there|their|theme|them|then|than|that|this|thin|think|his|her|hers|him|she|someone|somebody|nobody|anyone|everybody|everyone|everything|nothing|anything|something|sometimes|somewhere|inside|outside|beside|beyond|behind|beneath|along|alone|among|away|aware|award|awards|awful|bad|badly|ball|balls|band|bands|base|based|bases|basic|basis|batch|bath|battle|become|becomes|begin|belief|believe|belong|below|bench|bend|benefit|benefits|beta|bill|bills|bird|birds|birth|bits|bite|bitter|blame|blood|blow|blown|board|boards|boat|boats|body|bodies|bone|bonus|book|books|boot|border|born|boss|both|bottle|bottles|box|boxes|boy|boys|brain|brand|brands|bread|break|breaks|breath|bring|broad|broke|broken|brown|budget|bug|bugs|bulk|bunch|burn|bus|buses|busy|butter|button|buttons|cake|call|calls|called|calm|camp|cancel|cap|cape|capital|care|cares|career|case|cases|cash|cast|cat|cats|catch|caught|cell|cells|cent|cents|center|centre|central|certain|chance|chances|cheese|choice|choose|chosen|church|circle|claim|claims|climate|climb|coach|coast|coat|code|codes|coffee|coin|coins|column|columns|common|company|companies|complete|computer|concern|condition|conditions|cook|cookie|cookies|copy|copies|core|corn|corner|correct|cotton|couple|cover|covers|cow|cream|create|credit|credits|crime|cross|crowd|cry|culture|cup|cups|cut|cuts|damage|dance|danger|dark|date|dates|dead|deal|deals|dear|death|deep|deeper|degree|delay|delays|deliver|delivery|demand|demo|demos|depth|design|desk|detail|details|dinner|dirt|discount|discounts|disk|dog|dogs|doctor|doctors|dollar|dollars|doubt|draft|drag|draw|dream|dress|drink|driver|drivers|dry|due|dull|dust|duty|early|earth|ease|easy|eat|edge|effect|effects|effort|egg|eight|either|else|empty|enemy|energy|engine|enjoy|enough|entire|equal|even|evening|exact|example|exist|expert|extra|face|faces|fact|facts|fail|fails|failed|failure|failures|fair|faith|false|fame|family|fan|fans|fair|farm|fault|fear|feature|features|fee|fees|feed|feedback|feet|few|field|fields|fight|figure|file|files|final|fine|finger|finish|finished|fire|firm|fish|fit|fix|fixed|flag|flags|flat|flight|flights|follow|followers|fool|foot|forget|form|forms|fork|fresh|friend|friends|front|fruit|fuel|fun|fund|funds|funny|future|gain|garden|gas|gate|gave|gift|gifts|girl|girls|goes|gone|grade|grand|grant|guard|guess|guest|guide|guides|guilty|gun|guy|guys|half|hall|hand|hands|hang|hard|harder|hat|hate|head|heads|header|health|hear|heard|heart|heat|heavy|height|hero|hide|hire|hired|history|hole|holiday|holidays|hotel|hotels|huge|human|hunt|hurt|ice|icon|icons|idea|ideas|image|images|impact|inch|index|input|iron|island|issue|issues|item|items|job|jobs|join|joins|joint|joke|judge|juice|jump|keep|keeps|kept|key|keys|kick|kid|kids|kill|kind|king|kiss|kitchen|knee|knife|label|labels|labor|lack|lady|lake|land|lands|lane|large|late|later|laugh|launch|law|laws|lay|layer|layers|lazy|lead|leads|leader|leaf|lean|learn|lease|leave|leaves|legal|lend|length|lesson|letter|letters|lie|lift|light|limit|limits|link|links|linked|lion|lip|local|lock|log|logs|lonely|loop|lord|loud|lovely|loyal|luck|lucky|mad|main|major|manage|manager|managers|manual|map|maps|mark|marks|marked|market|markets|mass|master|match|matches|math|matter|matters|maybe|meal|meals|medal|media|meme|member|members|memory|men|menu|menus|mess|message|messages|metal|method|methods|middle|might|mild|milk|mind|mine|minor|minus|miss|missed|missing|mix|mixed|modal|model|models|modern|moment|moments|moon|moral|mother|motor|move|moves|moved|movie|movies|much|music|must|nail|narrow|nation|nature|navy|near|nearly|neck|need|needs|nerve|net|network|nice|nine|node|nodes|noise|normal|nose|note|notes|notice|novel|nurse|object|ocean|odds|offer|offers|offered|office|offices|oil|old|older|oldest|once|one|ones|onto|open|opens|option|options|orange|other|others|ought|ours|outer|output|oven|pace|pack|packs|package|packages|pain|paint|pair|pairs|palm|pan|panel|panels|pants|park|parked|party|pass|passes|passed|path|pause|pay|pays|payment|payments|pen|people|pet|pets|pick|picks|picked|picture|pictures|pink|pipe|pitch|pizza|play|plays|player|players|please|plenty|plot|plus|pocket|poem|poet|point|points|police|policy|polls|poor|pop|popup|popups|port|ports|pose|possible|pot|potato|pound|pounds|power|pray|press|pretty|prime|printer|prior|prison|private|problem|problems|process|product|products|program|promo|promos|proof|proper|proud|prove|public|pull|pulls|pump|pupil|pure|purple|purpose|push|pushes|quality|query|queries|queue|quick|quiet|quite|quote|quotes|rain|raise|range|ranges|rapid|rat|rather|rating|ratings|reach|react|ready|real|really|rear|recall|recent|recently|recipe|record|records|red|reduce|refer|relax|relate|rely|remind|renew|renewal|renewals|rent|rents|repair|repeat|reply|replies|request|requests|rescue|respond|response|responses|restart|retail|reveal|review|reviews|reward|rewards|rice|rich|ride|rides|ring|rise|risk|risks|river|road|roads|robot|robots|rock|roll|roof|root|rope|rose|rough|route|routes|row|rows|royal|rush|sad|safe|safely|safety|said|sail|salad|salt|same|sand|save|saves|saved|scan|scene|school|schools|science|screws|script|scripts|sea|seal|seat|second|secret|section|secure|seed|seek|select|self|sell|seller|sellers|sense|series|serious|service|services|session|seven|severe|sex|shade|shake|shame|sheet|shelf|shell|shift|shine|ship|ships|shipped|shock|shoe|shoot|shop|shops|shopping|shore|short|shot|shots|should|shut|sick|side|sides|sight|sign|signs|signal|signals|silent|silver|simple|since|sing|single|sink|sister|size|sizes|skill|skills|skin|skip|skips|sky|sleep|slice|slide|slides|slight|slip|small|smart|smell|smile|smoke|smooth|snap|soap|soccer|social|sock|soft|soil|solar|solid|solve|son|song|songs|soon|sort|sorts|soul|soup|spare|special|speed|spell|spin|spirit|split|spoke|sport|sports|spot|spots|spread|square|staff|stand|star|stars|stay|steal|steam|steel|step|steps|stick|still|stone|stood|store|stores|storm|story|stories|strange|stream|streams|street|stress|strict|strike|string|strong|student|students|studio|study|stuff|style|styles|subject|such|sudden|sugar|suit|sun|super|supply|support|sure|surf|survey|surveys|sweet|swim|switch|switches|symbol|system|systems|table|tables|tail|take|takes|taken|tale|talk|talks|tall|tank|tape|target|targets|task|tasks|taste|tax|taxes|tea|teach|tear|tech|teeth|tennis|tenth|tent|thank|theory|thick|thief|threat|ticket|tickets|tide|tie|tight|till|timer|tiny|tired|title|titles|toe|tone|tongue|tonight|took|tooth|topic|topics|toss|touch|tough|tour|tours|towel|tower|toy|toys|trace|track|trade|train|trains|travel|treat|tree|trees|trick|trip|trips|trouble|truck|true|truly|trust|truth|try|tube|tune|twelve|twice|twin|ugly|uncle|unit|units|unless|unlike|until|upload|uploads|upper|upset|urban|urge|useful|usual|usually|valid|valley|valuable|vast|verb|vote|votes|voice|wage|wages|wait|waits|waiting|walk|walks|wall|war|warm|wash|waste|watch|watches|watched|water|wave|waves|way|ways|weak|wealth|wear|web|wedding|weight|welcome|wet|wheel|which|whom|wife|wins|wire|wise|woman|women|wonder|wool|worry|worse|worst|wrap|wrong|yard|yell|yellow|young|youth|zero|zone|zones|weekends|weekdays|mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|sundays|ages|aged|costs|cost|spend|spent|spending|spam|sends|emails|crash|crashes|errors|error|stock|price|prices|pricing|weather|whether|profit|profits|orders|order|refund|refunds|return|returns|returned|happy|blue|eyes|gender|color|colour|loading|loads|load|speed|slow|fast|server|recording|recordings|heatmap|score|scores|rank|ranks|ranking|keyword|keywords|email|mail|mars|liked|likes|shared|shares|comments|comment|twice|once|never|always|often|before|after|since|until|more|less|fewer|than|over|under|above|below|between|without|except|excluding|including|include|delete|remove|change|changes|changed|create|created|build|built|write|wrote|read|reads|start|started|starts|stop|stopped|test|tests|name|names|address|addresses|phone|phones|male|female|income|salary|employee|employees|users|churn|churned|lifetime|revenue|margin|cart|carts|card|cards|median|minimum|maximum|variance|deviation|correlation|relationship|reasons|reason|meaning|means|mean|definition|define|install|timezone|setting|settings|budget|seats|stage|stages|state|status|visible|trails|contact|content|contents|contest|countries|counties|county|sessions|version|versions|weak|weeks|monthly|mouths|mouse|plane|planet|plans|plan|planned|paper|papers|gages|sales|sale|scale|male|mile|miles|source|sauce|force|course|courses|house|browse|brother|rate|rates|rare|race|made|mobile|noble|double|trial|trials|event|even|ever|every|very|goal|goals|coal|city|cites|pity|views|news|new|newest|visit|visible|clock|clicks|click|black|block|blocks|time|times|dime|tame|game|games|host|most|cost|post|posts|lost|past|last|fast|list|lists|launched|lunch|search|research|searched|serve|reading|heading|trading|top|tops|tip|tips|type|types|share|shape|sharp|part|parts|peak|speak|team|teams|term|terms|tern|turn|turns|device|advice|devices|live|life|love|line|lines|lien|like|bike|bikes|shirt|shirts|shoes|shows|show|slow|snow|know|knew|now|down|town|towns|own|owner|owners|vendor|vendors|winner|election|sector|vectors|rep|reps|closed|close|closes";

/// More of them, from a list of common English words: those that one typo leads to a word above.
const ENGLISH: &str = include_str!("english.txt");

/// Whether something goes up or down, which a comparison answers.
pub(crate) const CHANGES: &str = "up|down|drop|drops|dropped|dropping|fall|falls|fell|falling|fallen|decline|declines|declined|declining|decrease|decreases|decreased|decreasing|increase|increases|increased|increasing|grow|grows|grew|growing|grown|growth|rise|rises|rose|rising|risen|spike|spikes|spiked|surge|surged|jump|jumped|jumps|change|changes|changed|changing|higher|lower|go up|go down|went up|went down|going up|going down|crash|crashed|crashing|tank|tanked|plummet|plummeted|dip|dipped|shrink|shrank|shrinking|gained|lose|losing|improve|improved|improving|worsen|worsened|better|worse|so high|so low|high|low|dip in|collapse|collapsed|bad|soar|soared|climb|climbed|slump|slumped|percent change|percentage change|growth rate|growth rates|rate of change|rate of growth|change rate|up or down|higher or lower|more or less|better or worse|rising or falling|increasing or decreasing|growing or shrinking";

pub(crate) const FORECAST: &str = "forecast|forecasts|forecasted|forecasting|predict|prediction|predictions|predicted|project|projected|projection|expected|expect|estimate|estimated|anticipate|anticipated|projections";
pub(crate) const ANOMALY: &str = "anomaly|anomalies|anomalous|unusual|unusually|outlier|outliers|strange|weird|abnormal|odd|suspicious|unexpected|irregular|irregularities|out of the ordinary|abnormalities|unusual spikes|unusual drops|normal|as usual";
pub(crate) const LIVE: &str = "right now|at the moment|at this moment|online|real time|realtime|current visitors|current users|currently|live visitors|live users|live|active now|online now|active right now|this very moment|currently active|currently online|currently on|just now|present|now|active";
pub(crate) const TREND: &str = "trend|trends|trending|over time|develop|developed|developing|development|evolve|evolved|evolution|timeline|time series|graph|chart|plot|curve|line chart|line graph|history|historical|progress|progression|graphed|charted|plotted|over the course";
pub(crate) const SHARE: &str = "how much of|share|shares|percentage|percentages|percent|market share|proportion|proportions|fraction|how many percent|pct|portion|part";
pub(crate) const RETENTION: &str = "retention|retention rate|user retention|retain|retained|retaining|retains|cohort|cohorts|cohort analysis|cohort retention|come back|comes back|came back|coming back|return again|stick around|retention curve|return to the site|return to our site|comeback rate|keep coming back|return";
pub(crate) const JOURNEY: &str = "journey|journeys|user journey|user journeys|paths|user paths|path|user flow|user flows|flow|flows|go after|go next|visit next|do next|do after|navigate|navigation paths|navigation path|navigation|customer journey|customer journeys|go from|click paths|clickpaths|visit after|head after|click next|take through|users take|people take|visitors take|move through|path through|next page|next pages|next steps";
pub(crate) const FUNNEL: &str = "funnel|funnels|conversion funnel|checkout funnel|drop off|dropoff|drop offs|drop off rate|dropoffs|drop out|drop out rate|dropped off|drop out|dropped out|dropping off|fell off|make it";
pub(crate) const VERSUS: &str = "vs|versus|compared to|compared with|compare to|compare with|compared against|in comparison to|in comparison with|relative to|against|than|as opposed to|v|comparing to|compares to|compares with";
pub(crate) const EXCEPT: &str = "not|neither|except|excluding|exclude|excludes|without|but not|other than|apart from|aside from|outside of|outside|besides|minus|ignoring|ignore|leave out|leaving out|filter out|never|no|non|except for|everyone except|everywhere but|everywhere except|everywhere other than|everywhere outside of|everywhere apart from|anywhere but|anywhere except|anywhere other than|anywhere outside of|anywhere apart from|everything but|everything except|everything other than|everything outside of|everything apart from|anything but|anything except|anything other than|anything outside of|anything apart from|everyone but|everyone except|everyone other than|everyone outside of|everyone apart from|everybody but|everybody except|everybody other than|everybody outside of|everybody apart from|all but|all except|all other than|all outside of|all apart from|any but|any except|any other than|any outside of|any apart from";
pub(crate) const BY: &str = "by|per|for each|for every|each|every|across|broken down by|break down by|breakdown by|break it down by|split by|split it by|split that by|split up by|grouped by|group by|segmented by|segment by|divided by|sliced by|slice by|breakdown of|according to|depending on|distribution by|break that down by|broken out by|separated by|for each of the|by each|in each|from each|on each|aggregated by|ordered by|sorted by|ranked by";

/// What a phrase is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Metric(&'static str),
    Dimension { name: &'static str, plural: bool },
    Filler,
    Change,
    Forecast,
    Anomaly,
    Live,
    Trend,
    Share,
    Retention,
    Journey,
    Funnel,
    Versus,
    Except,
    By,
}

/// The words of a phrase, and what it is there for.
type Phrase = (Vec<&'static str>, Class);

/// Every phrase by its first word.
static PHRASES: LazyLock<HashMap<&'static str, Vec<Phrase>>> = LazyLock::new(|| {
    let mut all: HashMap<_, Vec<_>> = HashMap::new();
    let mut add = |phrases: &'static str, class: &dyn Fn(&str) -> Class| {
        for phrase in phrases.split('|') {
            let words: Vec<&'static str> = phrase.split([' ', '_', '\'']).collect();
            all.entry(words[0]).or_default().push((words, class(phrase)));
        }
    };
    for metric in METRICS {
        add(metric.phrases, &|_| Class::Metric(metric.name));
    }
    for dimension in DIMENSIONS {
        add(dimension.phrases, &|phrase| Class::Dimension {
            name: dimension.name,
            plural: phrase.ends_with('s') && !matches!(phrase, "os") || phrase.starts_with("types of"),
        });
    }
    for (phrases, class) in [
        (FILLERS, Class::Filler),
        (CHANGES, Class::Change),
        (FORECAST, Class::Forecast),
        (ANOMALY, Class::Anomaly),
        (LIVE, Class::Live),
        (TREND, Class::Trend),
        (SHARE, Class::Share),
        (RETENTION, Class::Retention),
        (JOURNEY, Class::Journey),
        (FUNNEL, Class::Funnel),
        (VERSUS, Class::Versus),
        (EXCEPT, Class::Except),
        (BY, Class::By),
    ] {
        add(phrases, &|_| class);
    }
    all
});

/// Words that the grammar itself looks for, one by one.
pub(crate) const GRAMMAR: &str = "top|bottom|best|worst|most|least|fewest|highest|lowest|biggest|largest|smallest|longest|shortest|greatest|busiest|quietest|leading|popular|common|frequent|performing|converting|why|explain|caused|cause|reason|behind|compare|comparison|comparing|difference|average|avg|typical|daily|hourly|weekly|monthly|entered|entering|started|exited|exiting|ended|left|contains|containing|contain|includes|starting|starts|beginning|ending|ends|matching|equals|equal|then|and|or|but|nor|will|going|instead|same|again|also|too|stay|stays|spend|spending|remain|far|stayed|today|yesterday|tomorrow|last|past|previous|next|this|ago|weekend|january|february|march|april|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|minute|minutes|hour|hours|day|days|week|weeks|month|months|quarter|quarters|year|years|noon|midnight|between|since|until|before|after|first|second|third|fourth|morning|afternoon|evening|night|period|ytd|mtd|wtd|qtd|date|far|yday|visited|viewed|rate|conversion|convert|converts|converted|conversions|engagement|performance|someone|something|during|within|coming|leave|leaving|exit|land|landing|enter|sends|sending|links|linking|refers|referring|brings|bringing|rest|remainder|turned|became|anyone|anybody|speaking|speakers|dau|wau|mau|when|better|selling|sells|twice|full|complete|whole|calendar|half|normal";

/// Every phrase of a class, or of all, that stands at the front of some words: the class and its length.
pub(crate) fn at_front<'a>(word: impl Fn(usize) -> &'a str) -> Vec<(usize, Class)> {
    let Some(list) = PHRASES.get(word(0)) else { return Vec::new() };
    list.iter()
        .filter(|(words, _)| words.iter().enumerate().all(|(place, known)| word(place) == *known))
        .map(|(words, class)| (words.len(), *class))
        .collect()
}

/// Every single word that has a meaning here.
pub(crate) static WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let phrases = PHRASES.values().flatten().flat_map(|(words, _)| words.iter().copied());
    phrases.chain(GRAMMAR.split('|')).chain(super::tokens::number_words()).collect()
});

/// Words that are never corrected.
pub(crate) static GUARD: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| GUARDED.split('|').chain(ENGLISH.split_whitespace()).collect());
